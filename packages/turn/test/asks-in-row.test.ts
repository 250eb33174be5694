import { ask as asking, fault, on, reply, text, tool } from '@turnstead/testkit'
import type { AskRecord, Lease } from '@turnstead/session'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import {
  createMemoryStore,
  rejectAsks,
  runTurn,
  type TurnOptions,
  type TurnStore,
  waitForPerson,
} from '../src/index.js'
import { openRig, type Rig } from './support/rig.js'

describe('asks in the row of a turn', () => {
  let rig: Rig
  let turnId: number

  beforeEach(async () => {
    rig = await openRig(
      on('Hello', reply(tool.write({ filePath: 'a.txt', content: 'a' }), text('Done.'))),
    )
    turnId = await rig.rows.addMessage()
  })
  afterEach(() => rig.close())

  const options = (more: Partial<TurnOptions>): TurnOptions =>
    rig.options(turnId, 'Hello', {
      session: { permission: [{ permission: 'edit', pattern: '*', action: 'ask' }] },
      ...more,
    })

  const asks = async (): Promise<readonly AskRecord[]> =>
    (await rig.rows.store.read(turnId))?.asks ?? []

  /** A store that resolves once the row has an ask in this state. */
  const watched = (state: AskRecord['state']): { store: TurnStore; seen: Promise<AskRecord> } => {
    const { store } = rig.rows
    let found: (ask: AskRecord) => void = () => undefined
    const seen = new Promise<AskRecord>((resolve) => (found = resolve))
    const updateAsks: typeof store.updateAsks = async (lease, changes) => {
      const all = await store.updateAsks(lease, changes)
      const ask = all?.find((one) => one.state === state)
      if (ask !== undefined) found(ask)
      return all
    }
    return { store: { ...store, updateAsks }, seen }
  }

  const replies = (): number =>
    rig.impostor.journal.filter(
      ({ method, path }) => method === 'POST' && /^\/permission\/[^/]+\/reply$/.test(path),
    ).length

  it('a person answers in the row, and the worker sends it once', async () => {
    const { store, seen } = watched('open')
    const running = runTurn(options({ store, asks: waitForPerson }))
    const ask = await seen
    expect(ask).to.deep.include({
      kind: 'permission',
      permission: 'edit',
      patterns: ['workspace/a.txt'],
    })
    expect((await rig.rows.store.read(turnId))?.waitingSince).to.equal(ask.askedAt)
    const answer = await rig.rows
      .anotherStore()
      .answerAsk({ turnId, askId: ask.id, decision: { action: 'allow' }, by: 'ada' })
    expect(answer).to.include({ accepted: true })
    expect((await running).status).to.equal('completed')
    expect(rig.impostor.readFile('a.txt')).to.equal('a')
    expect(replies()).to.equal(1)
    expect(await asks()).to.have.length(1)
    expect((await asks())[0]).to.include({ state: 'sent', answeredBy: 'ada', rule: null })
  })

  for (const kept of ['in the row', 'in memory'] as const) {
    it(`an answer that comes while its question is seen to be lost is that of the question that comes again, ${kept}`, async () => {
      rig.impostor.answer(
        on('Hello', reply(tool.write({ filePath: 'a.txt', content: 'a' }), text('Done.'))),
      )
      const memory = createMemoryStore()
      memory.addTurn({ conversationId: 1, turnId })
      const store = kept === 'in the row' ? rig.rows.anotherStore() : memory
      let isAnswered = false
      let asked: () => void = () => undefined
      const isAsked = new Promise<void>((resolve) => (asked = resolve))
      const updateAsks: NonNullable<TurnStore['updateAsks']> = async (lease: Lease, changes) => {
        const gone = changes.find(({ type }) => type === 'closed')
        if (gone?.type === 'closed' && !isAnswered) {
          isAnswered = true
          const { askId } = gone
          const decision = { action: 'allow' } as const
          const answer = await store.answerAsk({ turnId, askId, decision, by: 'ada' })
          expect(answer).to.include({ accepted: true })
        }
        const all = (await store.updateAsks?.(lease, changes)) ?? null
        if (all?.some(({ state }) => state === 'open') === true) asked()
        return all
      }
      const running = runTurn(
        options({ store: { ...(store as TurnStore), updateAsks }, asks: waitForPerson }),
      )
      await isAsked
      await rig.impostor.restart()
      expect(await running).to.include({ status: 'completed' })
      expect(rig.impostor.readFile('a.txt')).to.equal('a')
      const states = (await store.read(turnId))?.asks?.map(({ state }) => state)
      expect(states).to.deep.equal(['closed', 'sent'])
    })
  }

  it('the policy decides in the row too, and its rule stands there', async () => {
    const result = await runTurn(options({ asks: () => ({ action: 'allow', rule: 'all' }) }))
    expect(result.status).to.equal('completed')
    expect((await asks())[0]).to.include({ state: 'sent', answeredBy: 'policy', rule: 'all' })
    expect(replies()).to.equal(1)
  })

  it('an answer that comes before a slow policy is the one that is sent', async () => {
    const { store, seen } = watched('open')
    let decide: () => void = () => undefined
    const late = new Promise<void>((resolve) => (decide = resolve))
    const running = runTurn(
      options({
        store,
        asks: async () => {
          await late
          return { action: 'reject' }
        },
      }),
    )
    const { id } = await seen
    await rig.rows.store.answerAsk({ turnId, askId: id, decision: { action: 'allow' }, by: 'ada' })
    decide()
    expect((await running).status).to.equal('completed')
    expect((await asks())[0]).to.deep.include({ decision: { action: 'allow' }, answeredBy: 'ada' })
  })

  it('what no one answers in time is rejected in the row', async () => {
    await runTurn(options({ asks: () => ({ action: 'wait', forMs: 50 }) }))
    expect((await asks())[0]).to.deep.include({
      answeredBy: 'policy',
      rule: 'deadline',
      decision: { action: 'reject', message: 'No one answered in time.' },
    })
    expect(rig.impostor.readFile('a.txt')).to.equal(null)
  })

  it('an answer that another client gave closes the ask', async () => {
    const { store, seen } = watched('open')
    const running = runTurn(options({ store, asks: waitForPerson }))
    await rig.client.permission.reply((await seen).id, { reply: 'once' })
    expect((await running).status).to.equal('completed')
    expect((await asks())[0]).to.include({ state: 'closed', decision: null })
  })

  it('a question is answered in the row, too', async () => {
    rig.impostor.answer(
      on(
        'Choose',
        reply(asking.question({ question: 'Which?', options: ['A', 'B'] }), text('Ok.')),
      ),
    )
    const { store, seen } = watched('open')
    const prompt = { text: 'Choose' }
    const running = runTurn({ ...options({ store, asks: waitForPerson }), prompt })
    const { id } = await seen
    const decision = { action: 'answer', answers: [['B']] } as const
    await rig.rows.anotherStore().answerAsk({ turnId, askId: id, decision })
    expect((await running).status).to.equal('completed')
    expect((await asks())[0]).to.deep.include({ state: 'sent', decision })
  })

  for (const [name, isSent, listMs] of [
    ['before it was sent', false, 0],
    ['after it was sent, before the row said so', true, 0],
    ['after it was sent, from a server whose lists take their time', true, 2_500],
  ] as const) {
    it(`a worker that takes over after a death ${name} has it sent once`, async () => {
      const { store, seen } = watched('open')
      const gone = new AbortController()
      let lease: Lease | null = null
      // The first worker is gone as soon as the answer is in the row: it hears of none.
      const deaf: TurnStore = {
        ...store,
        async updateAsks(held, changes) {
          lease = held
          if (gone.signal.aborted) return await new Promise(() => undefined)
          return (await store.updateAsks?.(held, changes)) ?? null
        },
      }
      const first = runTurn(options({ store: deaf, asks: waitForPerson, signal: gone.signal }))
      const { id } = await seen
      gone.abort()
      await first
      const decision = { action: 'allow' } as const
      await rig.rows.anotherStore().answerAsk({ turnId, askId: id, decision, by: 'ada' })
      if (isSent && lease !== null) {
        await rig.rows.store.updateAsks(lease, [{ type: 'sending', askId: id }])
        await rig.client.permission.reply(id, { reply: 'once' })
      }
      const client = rig.connect()
      rig.impostor.fail('GET /permission', fault.delay(listMs))
      const second = await runTurn(
        options({ store: rig.rows.anotherStore(), client, asks: waitForPerson, owner: 'worker-2' }),
      )
      expect(second.status).to.equal('completed')
      expect(rig.impostor.readFile('a.txt')).to.equal('a')
      expect(replies()).to.equal(1)
      expect((await asks())[0]).to.include({ state: 'sent', answeredBy: 'ada' })
    })
  }

  it('an answer is stored before it is sent, however long the store takes', async () => {
    const { store } = rig.rows
    let fails = 3
    let sentBefore: number | null = null
    const moody: TurnStore = {
      ...store,
      updateAsks: async (lease, changes) => {
        if (fails > 0) {
          fails -= 1
          throw Object.assign(new Error('away'), { code: 'ECONNRESET', retryable: true })
        }
        const all = await store.updateAsks(lease, changes)
        if (all?.some(({ state }) => state === 'answered')) sentBefore ??= replies()
        return all
      },
    }
    const result = await runTurn(
      options({ store: moody, asks: () => ({ action: 'allow' }), budgets: { askMs: 5_000 } }),
    )
    expect(result.status).to.equal('completed')
    expect({ fails, sentBefore, replies: replies() }).to.deep.equal({
      fails: 0,
      sentBefore: 0,
      replies: 1,
    })
  })

  it('a store that refuses asks for good leaves them to the policy', async () => {
    const store: TurnStore = {
      ...rig.rows.store,
      updateAsks: async () => {
        throw new TypeError('no such column')
      },
    }
    const result = await runTurn(options({ store, asks: () => ({ action: 'allow' }) }))
    expect(result.status).to.equal('completed')
    expect(rig.reports.join()).to.include('asks: TypeError: no such column')
  })

  it('a store without asks is used as before', async () => {
    const { updateAsks: _, ...store } = rig.rows.store
    const result = await runTurn(options({ store, asks: () => ({ action: 'allow' }) }))
    expect(result.status).to.equal('completed')
    expect(await asks()).to.deep.equal([])
  })

  it('an answer that the server met with an error is sent again, and the row keeps the first one', async () => {
    rig.impostor.fail('POST /permission/*/reply', fault.refuse())
    const { store, seen } = watched('open')
    const running = runTurn(options({ store, asks: waitForPerson, budgets: { askMs: 5_000 } }))
    const { id } = await seen
    await rig.rows.store.answerAsk({ turnId, askId: id, decision: { action: 'allow' } })
    expect((await running).status).to.equal('completed')
    expect((await asks())[0]).to.include({ state: 'sent' })
  })

  it('a memory store tells the worker of an answer at once', async () => {
    const store = createMemoryStore()
    store.addTurn({ conversationId: 1, turnId })
    let opened: (id: string) => void = () => undefined
    const seen = new Promise<string>((resolve) => (opened = resolve))
    const running = runTurn(
      options({
        store,
        // No heartbeat comes in time.
        timing: { leaseMs: 600_000 },
        asks: (ask) => {
          opened(ask.id)
          return { action: 'wait' }
        },
      }),
    )
    const askId = await seen
    // Its opening is on its way into the row.
    await new Promise((resolve) => setImmediate(resolve))
    expect(await store.answerAsk({ turnId, askId, decision: { action: 'allow' } })).to.include({
      accepted: true,
    })
    expect((await running).status).to.equal('completed')
  })

  it('is rejected by the policy that rejects, in the row as well', async () => {
    const result = await runTurn(options({ asks: rejectAsks }))
    expect(result).to.have.nested.property('error.code', 'ask_rejected')
    expect((await asks())[0]).to.deep.include({ decision: { action: 'reject' } })
  })
})
