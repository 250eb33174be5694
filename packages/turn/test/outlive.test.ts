import { fault, gate, on, reply, startImpostor, text, tool } from '@turnstead/testkit'
import { type Client, createClient } from '@turnstead/wire'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { setTimeout } from 'node:timers/promises'
import { type HistoryStore, runTurn, type SettledTurn, type TurnOptions } from '../src/index.js'
import { openHistory, quickly, realTime } from './support/history.js'
import { openRig, type Rig } from './support/rig.js'

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
    const other = await startImpostor([on('Two', reply(text('There.')))], { clock: realTime })
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
