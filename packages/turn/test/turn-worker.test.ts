import { gate, on, reply, text, tool } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import {
  createTurnWorker,
  TurnError,
  type TurnWorker,
  type TurnWorkerOptions,
  waitForPerson,
} from '../src/index.js'
import { until } from './support/inbox.js'
import { openRig, type Rig } from './support/rig.js'

describe('createTurnWorker', () => {
  let rig: Rig
  const workers: TurnWorker[] = []

  beforeEach(async () => {
    rig = await openRig([])
    await rig.rows.database.knex('conversations').insert([{ id: 2 }, { id: 3 }])
  })
  afterEach(async () => {
    await Promise.all(workers.splice(0).map((worker) => worker.close()))
    await rig.close()
  })

  function open(more: Partial<TurnWorkerOptions> = {}): TurnWorker {
    const { client, store, owner, onError, budgets, timing } = rig.options(0, '')
    const given = { client, store, owner, onError, budgets, timing }
    const worker = createTurnWorker({ ...(given as TurnWorkerOptions), ...more })
    workers.push(worker)
    return worker
  }

  async function addTurn(conversationId: number): Promise<number> {
    const turnId = await rig.rows.addMessage()
    await rig.rows.database
      .knex('messages')
      .where({ id: turnId })
      .update({ conversation_id: conversationId })
    return turnId
  }

  const asked = (words: string): { readonly prompt: { readonly text: string } } => ({
    prompt: { text: words },
  })

  it('runs conversations beside each other and the turns of one after each other, bounded', async () => {
    rig.impostor.answer([
      on('One', reply(gate('one'), text('1.'))),
      on('Two', reply(gate('two'), text('2.'))),
      on('After', reply(text('After.'))),
      on('Three', reply(gate('three'), text('3.'))),
    ])
    const worker = open({ concurrency: 2 })
    const ended: string[] = []
    const add = async (conversationId: number, words: string): Promise<void> => {
      const turnId = await addTurn(conversationId)
      void worker.run({ conversationId, turnId, ...asked(words) }).then(() => ended.push(words))
    }
    await add(1, 'One')
    await add(2, 'Two')
    await add(1, 'After')
    await add(3, 'Three')
    await rig.impostor.gate('one').reached()
    await rig.impostor.gate('two').reached()
    expect(worker.health()).to.include({ running: 2, waiting: 2, isClosing: false })
    rig.impostor.gate('two').open()
    await rig.impostor.gate('three').reached()
    expect(ended).to.deep.equal(['Two'])
    rig.impostor.gate('one').open()
    rig.impostor.gate('three').open()
    const last = await addTurn(1)
    rig.impostor.answer(on('Last', reply(text('Last.'))))
    await worker.run({ conversationId: 1, turnId: last, ...asked('Last') })
    expect(ended).to.include.members(['One', 'Three', 'After'])
    expect(ended.indexOf('One')).to.be.below(ended.indexOf('After'))
    expect(worker.health()).to.include({ running: 0, waiting: 0, oldestWaitingMs: 0 })
  })

  it('tells the job of a queue to come back, and runs that of a host without one again', async () => {
    rig.impostor.answer(on('Hello', reply(gate('held'), text('Hello you.'))))
    const turnId = await addTurn(1)
    const job = { conversationId: 1, turnId, ...asked('Hello') }
    const holder = open({ owner: 'holder' })
    const held = holder.run(job)
    await rig.impostor.gate('held').reached()
    const other = open({ owner: 'other' })
    const refused: unknown = await other.run(job).catch((error: unknown) => error)
    expect(TurnError.is(refused) && refused.code).to.equal('not_run')
    expect(refused).to.have.property('retryable', true)
    const queued = other.enqueue(job)
    rig.impostor.gate('held').open()
    expect(await held).to.include({ status: 'completed' })
    expect(await queued).to.include({ status: 'skipped', reason: 'settled' })
    expect(await rig.userMessages()).to.equal(1)
  })

  it('hands over what runs and gives back what waits when it closes', async () => {
    rig.impostor.answer(on('Hello', reply(text('Seen. '), gate('held'), text('Rest.'))))
    const turnId = await addTurn(1)
    const nextId = await addTurn(1)
    let hasShown = (): void => undefined
    const shown = new Promise<void>((resolve) => (hasShown = resolve))
    const onReply: TurnWorkerOptions['onReply'] = (live) =>
      void live.observe({ textDelta: () => hasShown() })
    const worker = open({ onReply, timing: { leaseMs: 1_000, pollMs: 40, snapshotMs: 60_000 } })
    const running = worker
      .run({ conversationId: 1, turnId, ...asked('Hello') })
      .catch((error: unknown) => error)
    const waiting = worker.enqueue({ conversationId: 1, turnId: nextId, ...asked('Next') })
    await shown
    await worker.close()
    expect(await running).to.have.property('code', 'not_run')
    expect(await waiting).to.equal(null)
    expect(worker.health()).to.include({ running: 0, waiting: 0, isClosing: true })
    expect(await rig.rows.row(turnId)).to.include({ status: 'running', text: 'Seen. ' })
    expect(await worker.enqueue({ conversationId: 1, turnId })).to.equal(null)
    const successor = open()
    const again = successor.run({ conversationId: 1, turnId })
    rig.impostor.gate('held').open()
    expect(await again).to.include({ status: 'completed' })
    expect(await rig.userMessages()).to.equal(1)
  })

  it('leaves a turn whose job is given up, running or waiting', async () => {
    rig.impostor.answer(on('Hello', reply(gate('held'), text('Hello you.'))))
    const turnId = await addTurn(1)
    const nextId = await addTurn(1)
    const worker = open()
    const leave = new AbortController()
    const { signal } = leave
    const running = worker.run({ conversationId: 1, turnId, ...asked('Hello') }, { signal })
    const waiting = worker.run({ conversationId: 1, turnId: nextId, ...asked('Next') }, { signal })
    const outcomes = Promise.allSettled([running, waiting])
    await rig.impostor.gate('held').reached()
    leave.abort()
    for (const outcome of await outcomes) expect(outcome.status).to.equal('rejected')
    expect(worker.health()).to.include({ running: 0, waiting: 0, isClosing: false })
    rig.impostor.gate('held').open()
  })

  it('cancels a turn that runs and one that waits, and knows what each job wants', async () => {
    rig.impostor.answer(on('Hello', reply(text('Partial. '), gate('held'), text('Rest.'))))
    const turnId = await addTurn(1)
    const nextId = await addTurn(1)
    const chosen: unknown[] = []
    const worker = open({
      turnOptions: (job) => {
        chosen.push(job.turnId)
        return { timing: { leaseMs: 60_000, pollMs: 40 } }
      },
    })
    const running = worker.run({ conversationId: 1, turnId, ...asked('Hello') })
    const waiting = worker.run({ conversationId: 1, turnId: nextId, ...asked('Next') })
    await rig.impostor.gate('held').reached()
    expect(await worker.cancel({ turnId: nextId })).to.equal(true)
    expect(await worker.cancel({ turnId, reason: 'stop' })).to.equal(true)
    expect(await running).to.include({ status: 'cancelled' })
    expect(await waiting).to.include({ status: 'skipped', reason: 'settled' })
    expect(await worker.cancel({ turnId })).to.equal(false)
    expect(chosen).to.deep.equal([turnId, nextId])
  })

  it('goes on with what a crash left when it starts, once, and says what its queue has lost', async () => {
    rig.impostor.answer(on('Hello', reply(text('Seen. '), gate('held'), text('Rest.'))))
    const turnId = await addTurn(1)
    const leave = new AbortController()
    const first = open({ resumeMs: 0 })
    const { signal } = leave
    const left = first
      .run({ conversationId: 1, turnId, ...asked('Hello') }, { signal })
      .catch((error: unknown) => error)
    await rig.impostor.gate('held').reached()
    leave.abort()
    await left
    const lost = await addTurn(2)
    const pending = { turn_pending_since: Date.now() - 3_600_000 }
    await rig.rows.database.knex('messages').where({ id: lost }).update(pending)
    let hasEnded = (): void => undefined
    const ended = new Promise<void>((resolve) => (hasEnded = resolve))
    const reported: unknown[] = []
    let hasFailed = (): void => undefined
    const failed = new Promise<void>((resolve) => (hasFailed = resolve))
    open({
      owner: 'worker-2',
      resumeMs: 20,
      onSettled: () => hasEnded(),
      onPending: async (turns) => {
        reported.push(...turns.map((turn) => turn.turnId))
        throw new Error('the queue is away')
      },
      onError: (error) => {
        if (String(error).includes('the queue is away')) hasFailed()
      },
    })
    rig.impostor.gate('held').open()
    await ended
    await failed
    expect(await rig.rows.row(turnId)).to.include({ status: 'completed' })
    expect(await rig.rows.row(lost)).to.include({ status: 'pending' })
    expect(await rig.userMessages()).to.equal(1)
    expect(reported).to.include(lost)
  })

  it('gives up the host’s own options for a turn when they do not come', async () => {
    const turnId = await addTurn(1)
    const worker = open({
      budgets: { unreachableMs: 50 },
      turnOptions: () => new Promise(() => undefined),
    })
    const error: unknown = await worker
      .run({ conversationId: 1, turnId, ...asked('Hello') })
      .catch((reason: unknown) => reason)
    expect(String(error)).to.match(/turnOptions.*within 50 ms/)
    expect(worker.health().running).to.equal(0)
  })

  it('hears a cancel also of a turn that waits for its next try', async () => {
    rig.impostor.answer(on('Hello', reply(gate('held'), text('Hello you.'))))
    const turnId = await addTurn(1)
    const nextId = await addTurn(1)
    const holder = open({ owner: 'holder', timing: { leaseMs: 60_000, pollMs: 40 } })
    const held = holder.run({ conversationId: 1, turnId, ...asked('Hello') })
    await rig.impostor.gate('held').reached()
    const other = open({ owner: 'other', timing: { leaseMs: 60_000, pollMs: 40 } })
    const waiting = other.enqueue({ conversationId: 1, turnId: nextId, ...asked('Next') })
    while (other.health().waiting === 0 || other.health().running > 0) {
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
    expect(await other.cancel({ turnId: nextId })).to.equal(true)
    expect(await waiting).to.include({ status: 'skipped', reason: 'settled' })
    rig.impostor.gate('held').open()
    await held
  })

  it('tries a turn again at once when another job of its conversation comes: it may end the wait', async () => {
    rig.impostor.answer([
      on('Write', reply(tool.write({ filePath: 'a.txt', content: 'a' }), text('Written.'))),
      on('Next', reply(text('Next.'))),
    ])
    const worker = open({
      session: { permission: [{ permission: 'edit', pattern: '*', action: 'ask' }] },
      asks: waitForPerson,
      timing: { ...rig.options(0, '').timing, parkAfterMs: 50 },
    })
    const first = { conversationId: 1, turnId: await addTurn(1), ...asked('Write') }
    expect(await worker.enqueue(first)).to.include({ reason: 'waiting' })
    // Never in the line, so it is tried again until it is over; the next time in half a minute.
    const next = worker.enqueue({ conversationId: 1, turnId: await addTurn(1), ...asked('Next') })
    await until(async () => worker.health().waiting === 1 && worker.health().running === 0)
    const [pending] = (await rig.rows.store.read(first.turnId))?.asks ?? []
    const decision = { action: 'allow' } as const
    await rig.rows.store.answerAsk({ turnId: first.turnId, askId: pending?.id ?? '', decision })
    expect(await worker.enqueue(first)).to.include({ reason: 'settled' })
    expect(await next).to.include({ status: 'completed' })
    expect(rig.impostor.readFile('a.txt')).to.equal('a')
  })

  it('refuses limits that make no sense, and more than may wait', async () => {
    expect(() => open({ concurrency: 0 })).to.throw(RangeError, 'concurrency')
    rig.impostor.answer(on('Hello', reply(gate('held'), text('Hello you.'))))
    const worker = open({ concurrency: 1, maxWaiting: 1 })
    const jobs = [await addTurn(1), await addTurn(2), await addTurn(3)].map((turnId, index) => ({
      conversationId: index + 1,
      turnId,
      ...asked('Hello'),
    }))
    const [first, second, third] = jobs.map((job) =>
      worker.enqueue(job).catch((error: unknown) => error),
    )
    expect(await third).to.be.instanceOf(RangeError)
    await worker.close()
    expect(await first).to.equal(null)
    expect(await second).to.equal(null)
  })
})
