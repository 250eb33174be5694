import { gate, on, reply, text } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { resumeTurns, runTurn, type ResumeOptions } from '../src/index.js'
import { openRig, type Rig } from './support/rig.js'

describe('resumeTurns', () => {
  let rig: Rig
  beforeEach(async () => {
    rig = await openRig([])
    await rig.rows.database.knex('conversations').insert([{ id: 2 }, { id: 3 }])
  })
  afterEach(() => rig.close())

  async function addTurn(conversationId = 1): Promise<number> {
    const turnId = await rig.rows.addMessage()
    await rig.rows.database
      .knex('messages')
      .where({ id: turnId })
      .update({ conversation_id: conversationId })
    return turnId
  }

  /** Runs it until a gate and leaves it, as a worker does that is shut down. */
  async function strand(turnId: number, words: string, conversationId = 1): Promise<void> {
    const leave = new AbortController()
    const more = { conversationId, signal: leave.signal }
    const running = runTurn(rig.options(turnId, words, more))
    await rig.impostor.gate(words).reached()
    leave.abort()
    expect(await running).to.include({ status: 'skipped', reason: 'handed_off' })
    rig.impostor.gate(words).open()
  }

  function options(more: Partial<ResumeOptions> = {}): ResumeOptions {
    const { client, onError, budgets, timing } = rig.options(0, '')
    const store = rig.rows.anotherStore()
    return { client, store, owner: 'rescuer', onError, budgets, timing, ...more } as ResumeOptions
  }

  it('goes on with stranded turns by what their rows hold, and asks nothing twice', async () => {
    rig.impostor.answer([
      on('One', reply(text('1. '), gate('One'), text('Done.'))),
      on('Two', reply(text('2. '), gate('Two'), text('Done.'))),
    ])
    const [one, two] = [await addTurn(1), await addTurn(2)]
    await strand(one, 'One', 1)
    await strand(two, 'Two', 2)
    const report = await resumeTurns(options())
    expect(report.settled.map(({ turnId, status }) => [turnId, status])).to.have.deep.members([
      [one, 'completed'],
      [two, 'completed'],
    ])
    expect(report).to.deep.include({ left: [], pending: [], hasMore: false })
    expect(await rig.userMessages()).to.equal(2)
    expect(await resumeTurns(options())).to.deep.include({ settled: [], left: [] })
  })

  it('leaves turns alone that a worker holds', async () => {
    rig.impostor.answer(on('Held', reply(gate('Held'), text('Done.'))))
    const turnId = await addTurn()
    const running = runTurn(rig.options(turnId, 'Held'))
    await rig.impostor.gate('Held').reached()
    expect(await resumeTurns(options())).to.deep.equal({
      settled: [],
      left: [],
      pending: [],
      hasMore: false,
    })
    rig.impostor.gate('Held').open()
    expect(await running).to.include({ status: 'completed' })
  })

  it('lets no newer turn of the conversation step over an older one', async () => {
    rig.impostor.answer([
      on('Old', reply(text('Old. '), gate('Old'), text('Done.'))),
      on('New', reply(text('New.'))),
    ])
    const [old, next] = [await addTurn(), await addTurn()]
    await strand(old, 'Old')
    const order: unknown[] = []
    const onSettled = ({ turnId }: { readonly turnId: unknown }): void => void order.push(turnId)
    await Promise.all([
      resumeTurns(options({ onSettled })),
      runTurn(rig.options(next, 'New', { onSettled, onBusy: 'wait', owner: 'worker-2' })),
    ])
    expect(order).to.deep.equal([old, next])
    const messages = await rig.client.session.list()
    expect(messages).to.have.length(1)
  })

  it('runs at most so many, and says that there are more', async () => {
    rig.impostor.answer([
      on('One', reply(gate('One'), text('Done.'))),
      on('Two', reply(gate('Two'), text('Done.'))),
    ])
    await strand(await addTurn(1), 'One', 1)
    await strand(await addTurn(2), 'Two', 2)
    const first = await resumeTurns(options({ limit: 1 }))
    expect(first.settled).to.have.length(1)
    expect(first.hasMore).to.equal(true)
    expect((await resumeTurns(options({ limit: 1 }))).settled).to.have.length(1)
  })

  it('reports turns that no worker took, and runs those whose prompt the host knows', async () => {
    rig.impostor.answer(on('Known', reply(text('Done.'))))
    const [known, unknown] = [await addTurn(1), await addTurn(2)]
    const seenAt = Date.now() - 3_600_000
    await rig.rows.database.knex('messages').update({ turn_pending_since: seenAt })
    const only = await resumeTurns(options())
    expect(only.settled).to.deep.equal([])
    expect(only.pending.map(({ turnId }) => turnId)).to.have.members([known, unknown])
    const report = await resumeTurns(
      options({ prompt: ({ turnId }) => (turnId === known ? { text: 'Known' } : null) }),
    )
    expect(report.settled.map(({ turnId }) => turnId)).to.deep.equal([known])
    expect(report.pending.map(({ turnId }) => turnId)).to.deep.equal([unknown])
  })

  it('says what it needs', async () => {
    const { sweep: _, ...store } = rig.rows.store
    const error: unknown = await resumeTurns(options({ store })).catch((reason: unknown) => reason)
    expect(error).to.be.instanceOf(TypeError)
  })
})
