import type { TurnSetup } from '../options.js'
import type { Lease, Renewal } from '../ports.js'
import { heartbeatOf, renewalLimitMs } from './heartbeat.js'
import { type Instant, instant } from './instant.js'
import { Interrupted, type Interrupter } from './interruption.js'
import { withRetry } from './retry.js'

/** Keeps the lease of a running turn, and knows whether it is still held. */
export interface LeaseKeeper {
  readonly lease: Lease
  /** Aborts when another worker holds the conversation, whatever the turn was interrupted for before. */
  readonly lost: AbortSignal
  /**
   * Throws an `Interrupted` unless the lease is surely held at this instant; for the last check right before something is
   * sent. Use {@link LeaseKeeper.confirm} where there is time to ask the store.
   */
  assertHeld(): void
  /**
   * Resolves when the lease is held, asking the store when the time since the last answer leaves a doubt (a paused
   * process, a jumping clock, a store that was away).
   *
   * @param signal - Gives the question up: a cancel must not wait for a store that is away. Default: none.
   * @throws Interrupted when another worker holds it; the store's error when it stays away; the signal's reason.
   */
  confirm(signal?: AbortSignal): Promise<void>
  /** Asks the store now and interrupts the turn by what it says. */
  ask(): Promise<void>
  /** How often the turn's asks have changed, as the store said last; null before it did. */
  readonly asksRevision: number | null
  /** Asks the store soon: a write was refused, or a notice says that there is something to learn. */
  recheck(): void
  /**
   * Calls back whenever a renewal says that the turn's asks changed, at first with what the first renewal says; the result
   * takes the callback off. Beats learn of it too, so that no notice is needed for it.
   */
  onAsksRevision(changed: (revision: number) => void): () => void
  /** The terminal write begins: from now on a terminal status is this turn's own. */
  settling(): void
  /** Stops renewing. */
  close(): void
}

/** A lease, and the instant before the store was asked for it. */
export interface HeldLease {
  readonly lease: Lease
  readonly since: Instant
}

/**
 * Renews the lease until closed, also while the agent is being stopped and the files are collected, and learns by it of a
 * cancel and of a lost lease. Only the store's word loses a lease: one that ran out while no one else took it is renewed.
 */
export function keepLease(
  setup: TurnSetup,
  held: HeldLease,
  interrupter: Interrupter,
): LeaseKeeper {
  const { lease } = held
  const { clock, store, report, budgets } = setup
  const { leaseMs } = setup.timing
  const limitMs = renewalLimitMs(leaseMs)
  const listeners = new Set<(revision: number) => void>()
  let asksRevision: number | null = null
  let heldSince = held.since
  const lost = new AbortController()
  /** Since the first failure in a row: a pause of the process in the middle of a renewal is no failure of the store. */
  let awaySince: number | null = null
  let isSettling = false

  /** By both clocks. */
  const isSurelyHeld = (): boolean => {
    const now = clock.now() - heldSince.now
    const wall = clock.wall() - heldSince.wall
    return now < leaseMs && wall < leaseMs && wall > -leaseMs
  }

  const learnAsks = (revision: number): void => {
    if (revision === asksRevision) return
    asksRevision = revision
    for (const changed of listeners) changed(revision)
  }

  const learn = ({ held, status, asksRevision: revision }: Renewal, askedAt: Instant): void => {
    awaySince = null
    if (!held) {
      interrupter.interrupt({ kind: 'lease_lost' })
      lost.abort(new Interrupted({ kind: 'lease_lost' }))
      beating.leave()
      return
    }
    // Of two questions under way the older one may be answered last.
    if (askedAt.now >= heldSince.now) heldSince = askedAt
    learnAsks(revision)
    // A turn that waits was parked by this very run.
    if (isSettling || status === 'running' || status === 'waiting') return
    if (status === 'cancelled') interrupter.interrupt({ kind: 'cancelled' })
    else interrupter.interrupt({ kind: 'settled' })
  }

  const beating = heartbeatOf(store, clock, leaseMs).join({
    lease,
    renewed: learn,
    failed(error) {
      report(error, 'renew')
      awaySince ??= clock.now()
      if (clock.now() - awaySince < Math.max(leaseMs, budgets.unreachableMs)) return
      beating.leave()
      interrupter.interrupt({ kind: 'store_away', error })
    },
  })

  const throwIfLost = (): void => {
    const { current } = interrupter
    if (current?.kind === 'lease_lost') throw new Interrupted(current)
  }

  const ask = async (signal?: AbortSignal): Promise<void> => {
    await withRetry(setup, {
      step: 'renew',
      signal,
      limitMs,
      async attempt() {
        const askedAt = instant(clock)
        learn(await store.renew(lease, { leaseMs }), askedAt)
      },
    })
  }

  return {
    lease,
    lost: lost.signal,
    get asksRevision() {
      return asksRevision
    },
    assertHeld() {
      throwIfLost()
      if (!isSurelyHeld()) throw new LeaseInDoubt()
    },
    async confirm(signal) {
      throwIfLost()
      if (isSurelyHeld()) return
      await ask(signal)
      throwIfLost()
    },
    ask: () => ask(),
    recheck: () => beating.beat(),
    onAsksRevision(changed) {
      const listener = (revision: number): void => changed(revision)
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    settling() {
      isSettling = true
    },
    close() {
      beating.leave()
    },
  }
}

/** Too long ago that the store confirmed the lease: ask again before acting. */
export class LeaseInDoubt extends Error {
  override readonly name: string = 'LeaseInDoubt'

  constructor() {
    super('The lease has to be confirmed before the next request.')
  }
}
