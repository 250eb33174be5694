import { createManualClock, type ManualClock } from '@turnstead/testkit'
import { expect } from 'chai'
import { beforeEach, describe, it } from 'mocha'
import { steady } from '../src/clock.js'
import { createMemoryStore, type TurnStore } from '../src/index.js'
import type { ConversationLease, Renewal } from '../src/ports.js'
import { type BeatingLease, type Beating, heartbeatOf } from '../src/run/heartbeat.js'

const leaseMs = 15_000
const beatMs = 1_500
const limitMs = 5_000
const never = (): Promise<never> => new Promise(() => undefined)
const held: Renewal = { held: true, status: 'running', asksRevision: 0 }

describe('the heartbeat of a process', () => {
  let clock: ManualClock
  /** The turns of each call, in order. */
  let calls: unknown[][]
  let told: string[]
  beforeEach(() => {
    clock = createManualClock()
    calls = []
    told = []
  })

  const storeWith = (
    renewAll: TurnStore['renewAll'],
    renew: TurnStore['renew'] = async () => held,
  ): TurnStore => ({
    ...createMemoryStore({ clock }),
    renew: async (lease, options) => {
      calls.push([lease.turnId])
      return await renew(lease, options)
    },
    renewAll:
      renewAll &&
      (async (leases, options) => {
        calls.push(leases.map(({ turnId }) => turnId))
        return await renewAll(leases, options)
      }),
  })
  const leaseOf = (turnId: number): ConversationLease => ({
    conversationId: turnId,
    turnId,
    owner: 'w',
    fence: 1,
    expiresAt: 0,
  })
  const member = (turnId: number): BeatingLease => ({
    lease: leaseOf(turnId),
    renewed: ({ status }) => void told.push(`${turnId} ${status}`),
    failed: () => void told.push(`${turnId} failed`),
  })
  const join = (store: TurnStore, ...turnIds: number[]): Beating[] =>
    turnIds.map((turnId) => heartbeatOf(store, steady(clock), leaseMs).join(member(turnId)))
  const answerAll: NonNullable<TurnStore['renewAll']> = async (leases) => leases.map(() => held)

  it('renews 500 leases by one call each tenth of a lease', async () => {
    const store = storeWith(answerAll)
    const seats = join(store, ...Array.from({ length: 500 }, (_, index) => index))
    await clock.advance(beatMs * 3)
    expect(calls.map((turns) => turns.length)).to.deep.equal([500, 500, 500])
    expect(told).to.have.length(1_500)
    for (const seat of seats) seat.leave()
    expect(clock.pending).to.equal(0)
  })

  it('beats each 1.5 s at the latest, however long the leases are, so that a stop does not wait', async () => {
    const store = storeWith(async (leases) => leases.map(() => held))
    const seat = heartbeatOf(store, steady(clock), 600_000).join(member(1))
    await clock.advance(1_500)
    expect(calls).to.have.length(1)
    await clock.advance(1_500)
    expect(calls).to.have.length(2)
    seat.leave()
  })

  it('takes a new lease into the next beat, also while an earlier call hangs', async () => {
    let isFirst = true
    const store = storeWith(async (leases) => {
      if (!isFirst) return leases.map(() => held)
      isFirst = false
      return await never()
    })
    join(store, 1, 2)
    await clock.advance(beatMs)
    join(store, 3, 4)
    await clock.advance(beatMs)
    expect(calls).to.deep.equal([
      [1, 2],
      [3, 4],
    ])
    expect(told).to.deep.equal(['3 running', '4 running'])
  })

  it('asks each alone when the call for all does not answer, and together again when they do', async () => {
    let isStuck = true
    const store = storeWith(
      async (leases) => (isStuck ? await never() : leases.map(() => held)),
      async ({ turnId }) => (turnId === 2 && isStuck ? await never() : held),
    )
    join(store, 1, 2, 3)
    await clock.advance(beatMs + limitMs)
    expect(calls).to.deep.equal([[1, 2, 3], [1], [2], [3]])
    expect(told).to.deep.equal(['1 running', '3 running'])
    isStuck = false
    await clock.advance(limitMs)
    expect(told).to.include('2 failed')
    calls.length = 0
    await clock.advance(beatMs * 2)
    expect(calls.at(-1)).to.deep.equal([1, 2, 3])
  })

  it('asks alone about the one that the call for all says nothing of', async () => {
    const store = storeWith(async (leases) =>
      leases.map(({ turnId }) => (turnId === 2 ? null : held)),
    )
    join(store, 1, 2, 3)
    await clock.advance(beatMs)
    expect(calls).to.deep.equal([[1, 2, 3], [2]])
    expect(told).to.deep.equal(['1 running', '3 running', '2 running'])
  })

  it('asks each alone when one of them makes the call for all fail for good', async () => {
    const store = storeWith(
      async () => {
        throw new Error('malformed')
      },
      async ({ turnId }) => {
        if (turnId === 2) throw new Error('malformed')
        return held
      },
    )
    join(store, 1, 2)
    await clock.advance(beatMs)
    expect(told).to.deep.equal(['1 running', '2 failed'])
  })

  it('tells all of them when the store is out of reach, and sends it no more than that', async () => {
    const store = storeWith(async () => {
      throw Object.assign(new Error('refused'), { retryable: true })
    })
    join(store, 1, 2, 3)
    await clock.advance(beatMs)
    expect(told).to.deep.equal(['1 failed', '2 failed', '3 failed'])
    expect(calls).to.deep.equal([[1, 2, 3]])
  })

  it('asks at once when asked to, for all who do so at the same time, and again when an older question is under way', async () => {
    let answer = (): void => undefined
    const store = storeWith(async (leases) => {
      await new Promise<void>((resolve) => (answer = resolve))
      return leases.map(() => held)
    })
    const [first, second] = join(store, 1, 2, 3)
    first?.beat()
    second?.beat()
    first?.beat()
    await clock.advance(0)
    expect(calls).to.deep.equal([[1, 2]])
    second?.beat()
    answer()
    await clock.advance(0)
    expect(calls).to.deep.equal([[1, 2], [2]])
  })

  it('tells no one who has left, and beats again for the next', async () => {
    let answer = (): void => undefined
    const store = storeWith(async (leases) => {
      await new Promise<void>((resolve) => (answer = resolve))
      return leases.map(() => held)
    })
    const [first] = join(store, 1, 2)
    await clock.advance(beatMs)
    first?.leave()
    answer()
    await clock.advance(0)
    expect(told).to.deep.equal(['2 running'])
  })

  it('renews each by itself on a store that knows no other way, and each store for itself', async () => {
    const one = storeWith(undefined)
    const other = storeWith(answerAll)
    join(one, 1, 2)
    join(other, 3, 4)
    await clock.advance(beatMs)
    expect(calls).to.deep.equal([[1], [2], [3, 4]])
  })
})
