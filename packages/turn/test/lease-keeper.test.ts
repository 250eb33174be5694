import { createManualClock } from '@turnstead/testkit'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import { createMemoryStore, type TurnStore } from '../src/index.js'
import { resolveOptions } from '../src/options.js'
import { createInterrupter } from '../src/run/interruption.js'
import { instant } from '../src/run/instant.js'
import { keepLease } from '../src/run/lease-keeper.js'

const never = (): Promise<never> => new Promise(() => undefined)

describe('a lease', () => {
  it('is asked for once more after a pause that came in the middle of a renewal', async () => {
    const clock = createManualClock()
    const store = createMemoryStore({ clock })
    store.addTurn({ turnId: 1, conversationId: 1 })
    let isPaused = true
    const renew: TurnStore['renew'] = (...args) => (isPaused ? never() : store.renew(...args))
    const setup = resolveOptions({
      client: {} as never,
      store: { ...store, renew },
      clock,
      conversationId: 1,
      turnId: 1,
    })
    const since = instant(setup.clock)
    const claim = await store.claim({ conversationId: 1, turnId: 1, owner: 'me', leaseMs: 30_000 })
    if (!claim.claimed) return expect.fail()
    const interrupter = createInterrupter()
    const keeper = keepLease(setup, { lease: claim.lease, since }, interrupter)
    await clock.advance(3_000)
    // A jump: no timer between now and then runs in time.
    isPaused = false
    const now = clock.now()
    setup.clock.now = () => now + 200_000
    await clock.advance(10_000)
    await clock.advance(3_000)
    expect(interrupter.current).to.equal(null)
    keeper.close()
  })

  it('is not waited for by a turn that is stopped while the store is away', async () => {
    const clock = createManualClock()
    const store = createMemoryStore({ clock })
    store.addTurn({ turnId: 1, conversationId: 1 })
    const setup = resolveOptions({
      client: {} as never,
      store: { ...store, renew: never },
      clock,
      conversationId: 1,
      turnId: 1,
    })
    const since = instant(setup.clock)
    const claim = await store.claim({ conversationId: 1, turnId: 1, owner: 'me', leaseMs: 30_000 })
    if (!claim.claimed) return expect.fail()
    const interrupter = createInterrupter()
    const keeper = keepLease(setup, { lease: claim.lease, since }, interrupter)
    await clock.advance(40_000)
    const confirmed = keeper.confirm(interrupter.signal).catch((error: unknown) => error)
    interrupter.interrupt({ kind: 'cancelled' })
    expect(await confirmed).to.have.nested.property('interruption.kind', 'cancelled')
    keeper.close()
  })

  it('tells when the asks of its turn changed, by renewals alone', async () => {
    const clock = createManualClock()
    const memory = createMemoryStore({ clock })
    memory.addTurn({ turnId: 1, conversationId: 1 })
    let asksRevision = 3
    const renew: TurnStore['renew'] = async (...args) => ({
      ...(await memory.renew(...args)),
      asksRevision,
    })
    const store = { ...memory, renew }
    const setup = resolveOptions({
      client: {} as never,
      store,
      clock,
      conversationId: 1,
      turnId: 1,
    })
    const since = instant(setup.clock)
    const claim = await store.claim({ conversationId: 1, turnId: 1, owner: 'me', leaseMs: 30_000 })
    if (!claim.claimed) return expect.fail()
    const keeper = keepLease(setup, { lease: claim.lease, since }, createInterrupter())
    const heard: number[] = []
    const stop = keeper.onAsksRevision((revision) => heard.push(revision))
    await clock.advance(6_000)
    asksRevision = 4
    keeper.recheck()
    await clock.advance(0)
    expect(heard).to.deep.equal([3, 4])
    stop()
    asksRevision = 5
    await clock.advance(3_000)
    expect(heard).to.deep.equal([3, 4])
    keeper.close()
    expect(clock.pending).to.equal(0)
  })
})
