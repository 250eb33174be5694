import type { SteadyClock } from '../clock.js'
import { portTimeout } from '../errors.js'
import type { TurnSetup } from '../options.js'
import type { Lease, TurnStatus } from '../ports.js'
import { inBackground, withinMs } from './deadline.js'
import { Interrupted, type Interrupter } from './interruption.js'
import { withRetry } from './retry.js'
import { createWakeup } from './wakeup.js'

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
   * @throws Interrupted when another worker holds it; the store's error when it stays away.
   */
  confirm(): Promise<void>
  /** Asks the store now and interrupts the turn by what it says. */
  ask(): Promise<void>
  /** How often the turn's asks have changed, as the store said last; null where it does not say. */
  readonly asksRevision: number | null
  /** Asks the store soon: a write was refused. */
  recheck(): void
  /** The terminal write begins: from now on a terminal status is this turn's own. */
  settling(): void
  /** Stops renewing. */
  close(): Promise<void>
}

const beatsPerLease = 10
/** A renewal that does not answer is given up early enough for another. */
const triesPerLease = 3

/** An instant by both clocks. */
export interface Instant {
  readonly now: number
  readonly wall: number
}

/** A lease, and the instant before the store was asked for it. */
export interface HeldLease {
  readonly lease: Lease
  readonly since: Instant
}

export function instant(clock: SteadyClock): Instant {
  return { now: clock.now(), wall: clock.wall() }
}

/**
 * Renews the lease until closed, also while the agent is being stopped and the files are collected, and learns by it of a
 * cancel and of a lost lease. Only the store's word loses a lease: one that ran out while no one else took it is renewed.
 */
export function keepLease(
  setup: TurnSetup,
  held: HeldLease,
  interrupter: Interrupter,
  onAsksChanged: () => void = () => undefined,
): LeaseKeeper {
  const { lease } = held
  const { clock, store, report, budgets } = setup
  const { leaseMs } = setup.timing
  const limitMs = leaseMs / triesPerLease
  const beat = createWakeup(clock)
  let heldSince = held.since
  const lost = new AbortController()
  /** Since the first failure in a row: a pause of the process in the middle of a renewal is no failure of the store. */
  let awaySince: number | null = null
  let isSettling = false
  let asksRevision: number | null = null
  let renewing: Promise<void> | null = null

  /** By both clocks: one stands still while the machine is suspended, the other may be set. */
  const isSurelyHeld = (): boolean => {
    const now = clock.now() - heldSince.now
    const wall = clock.wall() - heldSince.wall
    return now < leaseMs && wall < leaseMs && wall > -leaseMs
  }

  const learn = ({ held, status }: { held: boolean; status: TurnStatus }): void => {
    if (!held) {
      interrupter.interrupt({ kind: 'lease_lost' })
      lost.abort(new Interrupted({ kind: 'lease_lost' }))
      return
    }
    if (isSettling || status === 'running') return
    if (status === 'cancelled') interrupter.interrupt({ kind: 'cancelled' })
    else interrupter.interrupt({ kind: 'settled' })
  }

  const renew = async (signal?: AbortSignal): Promise<void> => {
    const askedAt = instant(clock)
    const renewal = await withinMs(
      clock,
      { ms: limitMs, signal, expired: () => portTimeout('renew', limitMs) },
      () => store.renew(lease, { leaseMs }),
    )
    awaySince = null
    if (renewal.held) heldSince = askedAt
    learn(renewal)
    const revision = renewal.asksRevision ?? null
    if (revision === asksRevision) return
    asksRevision = revision
    onAsksChanged()
  }

  const renewOnce = (signal?: AbortSignal): Promise<void> => {
    renewing ??= renew(signal).finally(() => (renewing = null))
    return renewing
  }

  const loop = inBackground(async (closing) => {
    for (;;) {
      try {
        await beat.wait(leaseMs / beatsPerLease, closing)
        if (interrupter.current?.kind === 'lease_lost') return
        await renewOnce(closing)
      } catch (error) {
        if (closing.aborted) return
        report(error, 'renew')
        awaySince ??= clock.now()
        if (clock.now() - awaySince >= Math.max(leaseMs, budgets.unreachableMs)) {
          interrupter.interrupt({ kind: 'store_away', error })
          return
        }
      }
    }
  })

  const throwIfLost = (): void => {
    const { current } = interrupter
    if (current?.kind === 'lease_lost') throw new Interrupted(current)
  }

  const ask = async (): Promise<void> => {
    await withRetry(setup, { step: 'renew', limitMs, attempt: () => renewOnce() })
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
    async confirm() {
      throwIfLost()
      if (isSurelyHeld()) return
      await ask()
      throwIfLost()
    },
    ask,
    recheck: () => beat.wake(),
    settling() {
      isSettling = true
    },
    close: () => loop.close(),
  }
}

/** Too long ago that the store confirmed the lease: ask again before acting. */
export class LeaseInDoubt extends Error {
  override readonly name: string = 'LeaseInDoubt'

  constructor() {
    super('The lease has to be confirmed before the next request.')
  }
}
