import { on, reply, startImpostor, text, tool } from '@turnstead/testkit'
import { createClient } from '@turnstead/wire'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import {
  createMemoryHistory,
  type HistoryStore,
  runTurn,
  type SettledTurn,
  type TurnOptions,
} from '../src/index.js'
import { openHistory, quickly, realTime } from './support/history.js'
import { openRig, type Rig } from './support/rig.js'

describe('a conversation whose server has lost it, as the host wants it', () => {
  let rig: Rig
  let history: HistoryStore

  beforeEach(async () => {
    rig = await openRig(
      [
        on(
          'One',
          reply(text('First. '), tool.write({ filePath: 'a.txt', content: 'a' }), text('Done.')),
        ),
        on('Two', reply(text('Second.'))),
        on('Three', reply(text('Third.'))),
      ],
      { clock: realTime },
    )
  })
  beforeEach(async () => {
    history = await openHistory(rig)
  })
  afterEach(() => rig.close())

  const ask = async (
    words: string,
    more: Partial<TurnOptions> = {},
  ): Promise<SettledTurn<unknown> & { readonly status: string }> => {
    const turnId = await rig.rows.addMessage()
    const result = await runTurn(rig.options(turnId, words, { history, clock: quickly, ...more }))
    if (result.status === 'skipped') throw new Error(`skipped: ${result.reason}`)
    return result
  }
  const sessionId = async (): Promise<string> => {
    const head = await history.newest(rig.rows.conversationId)
    return head?.sessionId ?? ''
  }
  const codeOf = (result: object): unknown =>
    (result as { readonly error?: { readonly code?: unknown } }).error?.code

  it('is replaced by a server that has an older state of it, if the host wants that, and says so', async () => {
    const other = await startImpostor([on('Two', reply(text('There.')))], { clock: realTime })
    const client = createClient({ baseUrl: other.url })
    try {
      await ask('One')
      const id = await sessionId()
      expect(await ask('Two', { client })).to.include({ session: 'restored' })
      let retold = 0
      const result = await ask('Three', {
        recovery: {
          onSessionLost: ({ sessions }) => {
            retold = sessions.at(-1)?.messages.length ?? 0
            return 'This is what was said before.'
          },
        },
      })
      expect(result).to.include({ session: 'replaced', sessionRecreated: true })
      expect(retold).to.equal(5)
      expect(await sessionId()).to.not.equal(id)
    } finally {
      await client.close()
      await other.close()
    }
  })

  it('fails without a history, never in silence; or does as the host says', async () => {
    await ask('One')
    const lost = await sessionId()
    await rig.impostor.restart({ keep: false })
    const none = { history: undefined } as unknown as Partial<TurnOptions>
    const failed = await ask('Two', none)
    expect([codeOf(failed), failed.session]).to.deep.equal(['session_lost', 'lost'])
    expect(codeOf(await ask('Two', { recovery: { onSessionLost: 'fail' } }))).to.equal(
      'session_lost',
    )
    expect(codeOf(await ask('Two', { history: createMemoryHistory() }))).to.equal('session_lost')
    expect(await rig.client.session.list()).to.deep.equal([])
    let retold = ''
    const result = await ask('Two', {
      recovery: {
        onSessionLost: ({ sessionId: id, sessions }) => {
          retold = `${id === lost} ${sessions.at(-1)?.messages.length}`
          return 'This is what was said before.'
        },
      },
    })
    expect(result).to.include({ status: 'completed', session: 'replaced', sessionRecreated: true })
    expect(retold).to.equal('true 3')
    const [session] = await rig.client.session.list()
    const messages = await rig.client.session.messages(session?.id ?? '')
    expect(JSON.stringify(messages[0])).to.include('This is what was said before.')
    expect(messages).to.have.length(3)
    // The new session is the conversation's from now on.
    await rig.impostor.restart({ keep: false })
    expect(await ask('Three')).to.include({ session: 'restored' })
    expect(await rig.client.session.messages(session?.id ?? '')).to.have.length(5)
  })

  it('ends with a code where what the host is asked for fails, and hangs on nothing of it', async () => {
    await ask('One')
    await rig.impostor.restart({ keep: false })
    const never = (): Promise<never> => new Promise(() => undefined)
    const budgets = { wallClockMs: 1_000 }
    const retold = (onSessionLost: () => Promise<string>) =>
      ask('Two', { budgets, recovery: { onSessionLost } }).then(codeOf)
    expect(codeOf(await ask('Two', { budgets, recovery: { beforeRestore: never } }))).to.equal(
      'session_not_restored',
    )
    expect(await retold(never)).to.equal('session_not_restored')
    expect(await retold(() => Promise.reject(new Error('no words')))).to.equal(
      'session_not_restored',
    )
    expect(await retold(async () => undefined as unknown as string)).to.equal(
      'session_not_restored',
    )
    const leaving = new AbortController()
    const turnId = await rig.rows.addMessage()
    const recovery = {
      onSessionLost: () => {
        leaving.abort()
        return never()
      },
    }
    const more = { history, clock: quickly, recovery, signal: leaving.signal }
    expect(await runTurn(rig.options(turnId, 'Two', more))).to.include({ reason: 'handed_off' })
    // Nothing was said in the new session, so that it is told what there is all the same.
    const telling = { onSessionLost: () => 'What was said.' }
    const again = rig.options(turnId, 'Two', { history, clock: quickly, recovery: telling })
    expect(await runTurn(again)).to.include({ status: 'completed', session: 'replaced' })
  })

  it('is told once what was said before, and says so, where the worker died right after that', async () => {
    await ask('One')
    await rig.impostor.restart({ keep: false })
    const turnId = await rig.rows.addMessage()
    let told = 0
    const recovery = {
      onSessionLost: () => {
        told += 1
        return 'What was said.'
      },
    }
    const { store } = rig.rows
    const dying = { ...store, recordPrompt: () => Promise.reject(new Error('it is dead')) }
    const more = { history, clock: quickly, recovery }
    await runTurn(rig.options(turnId, 'Two', { ...more, store: dying })).then(
      () => expect.fail('it is dead'),
      () => undefined,
    )
    expect(told).to.equal(1)
    const result = await runTurn(rig.options(turnId, 'Two', more))
    expect(result).to.include({ status: 'completed', session: 'replaced', sessionRecreated: true })
    expect(told).to.equal(1)
    const [session] = await rig.client.session.list()
    expect(await rig.client.session.messages(session?.id ?? '')).to.have.length(3)
    expect(await ask('Three')).to.include({ session: 'same' })
  })
})
