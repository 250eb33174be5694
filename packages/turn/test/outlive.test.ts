import { createHistoryStore, historyMigration } from '@turnstead/session/history'
import { fault, gate, on, reply, startImpostor, text, tool } from '@turnstead/testkit'
import { type Client, createClient } from '@turnstead/wire'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { setTimeout } from 'node:timers/promises'
import {
  type Clock,
  createMemoryHistory,
  type HistoryStore,
  runTurn,
  type SettledTurn,
  type TurnOptions,
} from '../src/index.js'
import { openRig, type Rig } from './support/rig.js'

const speed = 6
const since = Date.now()

/** A turn asks several times, over two seconds, before it believes that a session is gone. */
const quickly: Clock = {
  now: () => since + (Date.now() - since) * speed,
  sleep: (ms, { signal } = {}) => setTimeout(ms / speed, undefined, { ...(signal && { signal }) }),
}

/** Servers that tell the time alike. */
const clock: Clock = {
  now: () => Date.now(),
  sleep: (ms, { signal } = {}) => setTimeout(ms, undefined, { ...(signal && { signal }) }),
}

describe('a conversation whose server has lost it', () => {
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
        on(
          'Delegate',
          reply(
            tool.task({ description: 'A part', prompt: 'Help' }, reply(text('Helped.'))),
            text('All.'),
          ),
        ),
        on('Hold', reply(text('Before. '), gate('held'), text('After.'))),
      ],
      { clock },
    )
  })
  beforeEach(async () => {
    const { knex } = rig.rows.database
    await historyMigration().up(knex)
    history = createHistoryStore({ knex })
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
  const dump = async (client: Client = rig.client, id?: string): Promise<string> => {
    const of = id ?? (await sessionId())
    const children = await client.session.children(of)
    const parts = [await client.session.get(of), await client.session.messages(of)]
    const theirs = await Promise.all(children.map((child) => client.session.messages(child.id)))
    return JSON.stringify([...parts, children, ...theirs])
  }
  const codeOf = (result: object): unknown =>
    (result as { readonly error?: { readonly code?: unknown } }).error?.code

  it('goes on in the same session, which the server is told of, byte for byte', async () => {
    expect(await ask('One')).to.include({ status: 'completed', session: 'new' })
    expect(await ask('Delegate')).to.include({ status: 'completed', session: 'same' })
    const before = await dump()
    await rig.impostor.restart({ keep: false })
    let told = ''
    const result = await ask('Two', {
      onReply: () => undefined,
      recovery: {
        beforeRestore: async ({ directory, sessionId: id }) => {
          told = `${directory} ${id === (await sessionId())}`
          expect(await rig.client.session.list()).to.deep.equal([])
        },
      },
    })
    expect(result).to.include({ status: 'completed', session: 'restored', sessionRecreated: false })
    expect(told).to.equal(`${rig.impostor.directory} true`)
    const [info, messages, ...rest] = JSON.parse(await dump()) as unknown[][]
    const [infoBefore, messagesBefore, ...restBefore] = JSON.parse(before) as unknown[][]
    expect(messages?.slice(0, messagesBefore?.length)).to.deep.equal(messagesBefore)
    expect(messages).to.have.length((messagesBefore?.length ?? 0) + 2)
    expect(rest).to.deep.equal(restBefore)
    expect(info).to.have.property('title', (infoBefore as unknown as { title: string }).title)
    // And once more: what the restored session has added is kept like all the rest.
    const second = await dump()
    await rig.impostor.restart({ keep: false })
    expect(await ask('Three')).to.include({ session: 'restored' })
    expect((await dump()).length).to.be.greaterThan(second.length)
  })

  it('keeps a turn with one request of its own, and reads none of its messages again', async () => {
    await ask('One')
    const from = rig.impostor.journal.entries.length
    await ask('Two')
    const withHistory = rig.impostor.journal.entries.slice(from)
    const paths = withHistory.filter(({ method }) => method === 'GET').map(({ path }) => path)
    const infos = paths.filter((path) => /^\/session\/ses_[^/]+$/.test(path))
    // One is asked for before every turn.
    expect(infos).to.have.length(2)
  })

  it('is told again what a worker had not told to its end', async () => {
    await ask('One')
    const before = await dump()
    await rig.impostor.restart({ keep: false })
    const { client } = rig
    const leaving = new AbortController()
    const never = new Promise<never>(() => undefined)
    const dying: Client = {
      ...client,
      request: (async (...args: unknown[]) => {
        const call = client.request as (...all: unknown[]) => Promise<unknown>
        if (args[1] !== '/sync/replay') return await call(...args)
        const { body } = args[2] as { body: { events: unknown[] } }
        await call('POST', '/sync/replay', { body: { ...body, events: body.events.slice(0, 3) } })
        leaving.abort()
        return await never
      }) as unknown as Client['request'],
    }
    const turnId = await rig.rows.addMessage()
    const first = await runTurn(
      rig.options(turnId, 'Two', {
        history,
        clock: quickly,
        client: dying,
        signal: leaving.signal,
      }),
    )
    expect(first).to.include({ status: 'skipped', reason: 'handed_off' })
    expect(await rig.client.session.messages(await sessionId())).to.have.length(1)
    const again = await runTurn(rig.options(turnId, 'Two', { history, clock: quickly }))
    expect(again).to.include({ status: 'completed', session: 'restored' })
    const messages = await rig.client.session.messages(await sessionId())
    const [, messagesBefore] = JSON.parse(before) as [unknown, unknown[]]
    expect(JSON.parse(JSON.stringify(messages.slice(0, messagesBefore.length)))).to.deep.equal(
      messagesBefore,
    )
  })

  it('runs a turn again that was lost in its middle, and keeps what was shown of it', async () => {
    await ask('One')
    const turnId = await rig.rows.addMessage()
    const running = runTurn(rig.options(turnId, 'Hold', { history, clock: quickly }))
    await rig.impostor.gate('held').reached()
    await rig.impostor.restart({ keep: false })
    rig.impostor.gate('held').open()
    const result = await running
    expect(result).to.include({ status: 'completed', session: 'restored' })
    expect((await rig.rows.store.read(turnId))?.prompt?.runs).to.equal(1)
    expect((await rig.rows.row(turnId))['text']).to.match(/^Before\. .*After\.$/s)
    expect(await rig.userMessages()).to.equal(2)
    const texts = JSON.stringify(await rig.client.session.messages(await sessionId()))
    expect(texts).to.include('First. ')
    await rig.impostor.restart({ keep: false })
    await ask('Two')
    expect(JSON.stringify(await rig.client.session.messages(await sessionId()))).to.include(
      'After.',
    )
  })

  it('runs a turn again whose sub-agent was lost with it', async () => {
    await ask('One')
    rig.impostor.answer(
      on(
        'Both',
        reply(
          tool.task(
            { description: 'A part', prompt: 'Work' },
            reply(text('At work. '), gate('child'), text('Worked.')),
          ),
          text('Together.'),
        ),
      ),
    )
    const turnId = await rig.rows.addMessage()
    const running = runTurn(rig.options(turnId, 'Both', { history, clock: quickly }))
    await rig.impostor.gate('child').reached()
    await setTimeout(200)
    await rig.impostor.restart({ keep: false })
    rig.impostor.gate('child').open()
    expect(await running).to.include({ status: 'completed', session: 'restored' })
    expect((await rig.rows.row(turnId))['text']).to.match(/Together\.$/)
  })

  it('fails a turn that was lost in its middle where it may not be run again', async () => {
    await ask('One')
    const turnId = await rig.rows.addMessage()
    const options = rig.options(turnId, 'Hold', {
      history,
      clock: quickly,
      recovery: { onServerLost: 'fail' },
    })
    const running = runTurn(options)
    await rig.impostor.gate('held').reached()
    await rig.impostor.restart({ keep: false })
    expect(codeOf(await running)).to.equal('server_lost_turn')
    // The next one is told of all that was before.
    expect(await ask('Two')).to.include({ status: 'completed', session: 'restored' })
  })

  it('does not bring back what someone deletes under a turn', async () => {
    await ask('One')
    const turnId = await rig.rows.addMessage()
    const running = runTurn(rig.options(turnId, 'Hold', { history, clock: quickly }))
    await rig.impostor.gate('held').reached()
    await rig.client.session.delete(await sessionId())
    expect(codeOf(await running)).to.equal('turn_stopped')
    expect(await rig.client.session.list()).to.deep.equal([])
  })

  it('is moved to another server and back', async () => {
    const other = await startImpostor([on('Two', reply(text('There.')))], { clock })
    const client = createClient({ baseUrl: other.url })
    try {
      await ask('One')
      expect(await ask('Two', { client })).to.include({ session: 'restored' })
      const there = JSON.parse(await dump(client)) as unknown[][]
      expect(await ask('Three')).to.include({ session: 'restored' })
      const here = JSON.parse(await dump()) as unknown[][]
      expect(here[1]?.slice(0, there[1]?.length)).to.deep.equal(there[1])
      expect(here[1]).to.have.length((there[1]?.length ?? 0) + 2)
    } finally {
      await client.close()
      await other.close()
    }
  })

  it('is not told again by a server whose clock was set back: what others said meanwhile stays', async () => {
    await ask('One')
    const id = await sessionId()
    const part = { type: 'text', text: 'A note of someone else.' } as const
    await rig.client.session.promptAsync(id, { noReply: true, parts: [part] })
    const { session, ...rest } = rig.client
    let back = 3_600_000
    const get: Client['session']['get'] = async (...args) => {
      const found = await session.get(...args)
      return { ...found, time: { ...found.time, updated: found.time.updated - back } }
    }
    const client = { ...rest, session: { ...session, get } } as Client
    rig.impostor.fail('GET /session/{sessionID}/message/{messageID}', fault.serverError())
    expect(await ask('Two', { client })).to.include({ status: 'completed', session: 'same' })
    expect(await dump()).to.include('A note of someone else.')
    // What is older by its messages is told again all the same, also where a request fails on the way.
    back *= 2
    for (const { info } of (await rig.client.session.messages(id)).slice(-2)) {
      await rig.client.message.delete(id, info.id)
    }
    rig.impostor.fail('DELETE /session/{sessionID}', fault.serverError())
    expect(await ask('Three', { client })).to.include({ status: 'completed', session: 'restored' })
    expect(await dump()).to.include('Second.')
  })

  it('is replaced by a server that has an older state of it, if the host wants that, and says so', async () => {
    const other = await startImpostor([on('Two', reply(text('There.')))], { clock })
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

  it('says with a code why it could not be restored, and tries again the next time', async () => {
    await ask('One')
    await rig.impostor.restart({ keep: false })
    rig.impostor.fail('POST /sync/replay', fault.serverError())
    expect(codeOf(await ask('Two'))).to.equal('session_not_restored')
    const damaged: HistoryStore = {
      ...history,
      read: () => Promise.reject(Object.assign(new Error('cut'), { code: 'history_damaged' })),
    }
    expect(codeOf(await ask('Two', { history: damaged }))).to.equal('session_not_restored')
    const files = { beforeRestore: () => Promise.reject(new Error('no backup')) }
    expect(codeOf(await ask('Two', { recovery: files }))).to.equal('session_not_restored')
    expect(await rig.client.session.list()).to.deep.equal([])
    expect(await ask('Two')).to.include({ status: 'completed', session: 'restored' })
  })

  it('restores nothing that lacks a turn: the agent would have forgotten it in silence', async () => {
    const format = { type: 'json_schema', schema: { type: 'object' } } as const
    const turnId = await rig.rows.addMessage()
    // The server cannot write down such a prompt where the list reaches the beginning of the session.
    await runTurn(
      rig.options(turnId, 'Two', { history, clock: quickly, prompt: { text: 'Two', format } }),
    )
    await ask('One')
    const entries = await history.read(rig.rows.conversationId)
    expect(entries[0]?.lacks).to.match(/unreadable_entry|cannot be read/)
    await rig.impostor.restart({ keep: false })
    expect(codeOf(await ask('Three'))).to.equal('session_not_restored')
    expect(await rig.client.session.list()).to.deep.equal([])
  })

  it('keeps with the next turn what could not be kept with one', async () => {
    await ask('One')
    const failing: HistoryStore = {
      ...history,
      keep: () => Promise.reject(new TypeError('no room')),
    }
    expect(await ask('Two', { history: failing })).to.include({ status: 'completed' })
    expect(rig.reports.join()).to.include('history: TypeError: no room')
    await ask('Three')
    const before = await dump()
    await rig.impostor.restart({ keep: false })
    await ask('Two')
    const [, messages] = JSON.parse(await dump()) as unknown[][]
    const [, messagesBefore] = JSON.parse(before) as unknown[][]
    expect(messages?.slice(0, 7)).to.deep.equal(messagesBefore)
  })

  it('does not bring back what was deleted between two turns, and keeps the rest whole', async () => {
    await ask('One')
    await ask('Two')
    const id = await sessionId()
    const messages = await rig.client.session.messages(id)
    for (const { info } of messages.slice(-2)) await rig.client.message.delete(id, info.id)
    expect(await ask('Three')).to.include({ status: 'completed', session: 'same' })
    expect(rig.reports.join()).to.equal('')
    const before = await dump()
    await rig.impostor.restart({ keep: false })
    expect(await ask('One')).to.include({ status: 'completed', session: 'restored' })
    expect(await dump()).to.include(JSON.stringify(JSON.parse(before)[1]).slice(0, -1))
    expect(await dump()).to.not.include('Second.')
  })
})
