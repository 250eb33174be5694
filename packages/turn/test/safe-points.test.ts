import { gate, on, reply, text, tool } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { setTimeout } from 'node:timers/promises'
import { createMemoryHistory, type HistoryStore, runTurn, type TurnOptions } from '../src/index.js'
import { openRig, type Rig } from './support/rig.js'

describe('the history of a turn that goes on', () => {
  let rig: Rig
  let history: HistoryStore
  let kept: number

  beforeEach(async () => {
    rig = await openRig([
      on('One', reply(text('First.'))),
      on(
        'Work',
        reply(
          text('Step one. '),
          tool.write({ filePath: 'one.txt', content: '1' }),
          text('Step two. '),
          tool.task(
            { description: 'A part', prompt: 'Help' },
            reply(text('Helped.'), gate('child'), text('More.')),
          ),
          text('Step three.'),
        ),
      ),
    ])
    const store = createMemoryHistory()
    kept = 0
    history = {
      ...store,
      keep: async (lease, entry) => {
        await store.keep(lease, entry)
        kept += 1
      },
    }
  })
  afterEach(() => rig.close())

  const begin = async (
    words: string,
    more: Partial<TurnOptions> = {},
  ): Promise<{ readonly turnId: number; readonly running: ReturnType<typeof runTurn> }> => {
    const turnId = await rig.rows.addMessage()
    return { turnId, running: runTurn(rig.options(turnId, words, { history, ...more })) }
  }
  const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
    while (!(await holds())) await setTimeout(5)
  }

  it('is kept on the way up to the last step that is done, and again at the end', async () => {
    await (
      await begin('One')
    ).running
    kept = 0
    const { turnId, running } = await begin('Work', { timing: { historyMs: 150 } })
    await rig.impostor.gate('child').reached()
    await until(() => kept > 0)
    const [, entry] = await history.read(rig.rows.conversationId)
    expect(entry).to.include({ turnId, lacks: null })
    // What the sub-agent does is of a step that is not done.
    expect(entry?.sessions).to.have.length(1)
    const messages = entry?.sessions[0]?.messages ?? []
    expect(messages.map(({ info }) => info['role'])).to.deep.equal(['user', 'assistant'])
    expect(JSON.stringify(messages)).to.include('one.txt').and.not.include('Step two')
    rig.impostor.gate('child').open()
    expect((await running).status).to.equal('completed')
    const [, whole] = await history.read(rig.rows.conversationId)
    expect(whole?.sessions).to.have.length(2)
    expect(JSON.stringify(whole)).to.include('Step three')
  })

  it('saves a lost turn the steps that it had done', async () => {
    await (
      await begin('One')
    ).running
    kept = 0
    const { turnId, running } = await begin('Work', { timing: { historyMs: 150 } })
    await rig.impostor.gate('child').reached()
    await until(() => kept > 0)
    await rig.impostor.restart({ keep: false })
    rig.impostor.gate('child').open()
    const result = await running
    expect(result).to.include({ status: 'completed', session: 'restored' })
    expect((await rig.rows.row(turnId))['text']).to.match(/Step three\.$/)
    const [session] = await rig.client.session.list({ roots: true })
    const messages = await rig.client.session.messages(session?.id ?? '')
    const asked = messages.filter(({ info }) => info.role === 'user')
    expect(asked).to.have.length(2)
    const tools = messages.flatMap(({ parts }) =>
      parts.flatMap((part) => (part.type === 'tool' ? [part.tool] : [])),
    )
    expect(tools.filter((name) => name === 'write')).to.have.length(1)
  })

  it('asks once where it ends for turns that follow each other in one process', async () => {
    let asked = 0
    const counted: HistoryStore = {
      ...history,
      newest: async (id) => {
        asked += 1
        return await history.newest(id)
      },
    }
    for (const _ of [1, 2, 3]) await (await begin('One', { history: counted })).running
    expect([asked, kept]).to.deep.equal([1, 3])
    // Another process, which has the conversation in between.
    const other: HistoryStore = { ...history }
    await (
      await begin('One', { history: other })
    ).running
    await (
      await begin('One', { history: counted })
    ).running
    expect([asked, kept]).to.deep.equal([2, 5])
    const entries = await history.read(rig.rows.conversationId)
    expect(entries.map(({ position }) => position)).to.deep.equal([0, 1, 2, 3, 4])
  })

  it('reads one message beside what polls have read, to see that nothing is between', async () => {
    await (
      await begin('One')
    ).running
    rig.impostor.answer(
      on(
        'Three',
        reply(
          tool.write({ filePath: 'a.txt', content: '1' }),
          text('And. '),
          tool.write({ filePath: 'b.txt', content: '2' }),
          text('Done.'),
        ),
      ),
    )
    const from = rig.impostor.journal.entries.length
    // As on a real server, where the stream says all and the first poll is the last.
    await (
      await begin('Three', { timing: { pollMs: 5_000 } })
    ).running
    const lists = rig.impostor.journal.entries
      .slice(from)
      .filter(({ method, path }) => method === 'GET' && path.endsWith('/message'))
    const older = lists.filter(({ query }) => query['before'] !== undefined)
    expect(older.map(({ query }) => query['limit'])).to.deep.equal(['1'])
    expect(Math.max(...lists.map(({ query }) => Number(query['limit'])))).to.be.at.most(8)
    const [, entry] = await history.read(rig.rows.conversationId)
    expect(entry?.sessions[0]?.messages).to.have.length(4)
    // What somebody else has put before the prompt is kept with it.
    const [session] = await rig.client.session.list({ roots: true })
    const parts = [{ type: 'text' as const, text: 'A note' }]
    await rig.client.session.promptAsync(session?.id ?? '', { parts, noReply: true })
    await (
      await begin('Three', { timing: { pollMs: 5_000 } })
    ).running
    const kept3 = (await history.read(rig.rows.conversationId))[2]
    expect(JSON.stringify(kept3?.sessions[0]?.messages[0])).to.include('A note')
  })

  it('notes a turn that is more than is kept of one', async () => {
    const small: HistoryStore = {
      ...history,
      keep: (lease, entry) =>
        entry.sessions.length > 0
          ? Promise.reject(Object.assign(new Error('too large'), { code: 'history_too_large' }))
          : history.keep(lease, entry),
    }
    expect((await (await begin('One', { history: small })).running).status).to.equal('completed')
    const [entry] = await history.read(rig.rows.conversationId)
    expect(entry?.lacks).to.include('too large')
    await rig.impostor.restart({ keep: false })
    const failed = await (await begin('One')).running
    expect(failed).to.have.nested.property('error.code', 'session_not_restored')
  })
})
