import { isOver, type SteadyClock } from '../clock.js'
import { portTimeout } from '../errors.js'
import type { ConversationLease, Renewal, TurnStore } from '../ports.js'
import { withinMs } from './deadline.js'
import { type Instant, instant } from './instant.js'
import { isPassingInStore } from './passing.js'

/** One run's lease, as the heartbeat sees it. */
export interface BeatingLease {
  readonly lease: ConversationLease
  /** What the store says of it, and the instant before it was asked. */
  renewed(renewal: Renewal, askedAt: Instant): void
  failed(error: unknown): void
}

/** A lease's place in the heartbeat of its process. */
export interface Beating {
  /** Asks the store about this lease now, and again when it is being asked already: what it says then may be too old. */
  beat(): void
  /** Renews it no more. */
  leave(): void
}

/** Renews the leases of all runs of this process on one store by one call a beat. */
export interface Heartbeat {
  join(lease: BeatingLease): Beating
}

const beatsPerLease = 10
/** A person's stop is found by a beat where no notifier tells of it, and nobody likes to wait. */
const longestPauseMs = 1_500
/** A renewal that does not answer is given up early enough for another. */
const triesPerLease = 3

/** How long one call for a renewal may take. */
export function renewalLimitMs(leaseMs: number): number {
  return leaseMs / triesPerLease
}

/** Runs share a heartbeat when they have the same store, clock and length of lease. */
const heartbeats = new WeakMap<TurnStore, WeakMap<SteadyClock, Map<number, Heartbeat>>>()

/** The heartbeat for runs of this process that renew leases of this length on this store. */
export function heartbeatOf(store: TurnStore, clock: SteadyClock, leaseMs: number): Heartbeat {
  const ofStore = getOr(heartbeats, store, () => new WeakMap())
  const ofClock = getOr(ofStore, clock, () => new Map<number, Heartbeat>())
  return getOr(ofClock, leaseMs, () => createHeartbeat(store, clock, leaseMs))
}

/** What is known of a lease that beats. */
interface Member {
  readonly lease: BeatingLease
  isAsked: boolean
  isAskedAgain: boolean
  /** Renewed alone: the call for all did not answer, and this one may be the cause. */
  isApart: boolean
}

function createHeartbeat(store: TurnStore, clock: SteadyClock, leaseMs: number): Heartbeat {
  const members = new Set<Member>()
  const limitMs = renewalLimitMs(leaseMs)
  let beating: AbortController | null = null
  let isSoon = false

  /** Beats at its times whatever the store does: a call that hangs keeps no later one waiting. */
  const run = async ({ signal }: AbortController): Promise<void> => {
    while (!signal.aborted) {
      await clock
        .sleep(Math.min(leaseMs / beatsPerLease, longestPauseMs), { signal })
        .catch(() => undefined)
      if (!signal.aborted) renew([...members])
    }
  }

  const renew = (some: readonly Member[]): void => {
    const free = some.filter((member) => !member.isAsked && members.has(member))
    const { renewAll } = store
    const together = free.filter(({ isApart }) => !isApart)
    if (renewAll !== undefined && together.length > 1) {
      void askTogether(together, (leases) => renewAll.call(store, leases, { leaseMs }))
      for (const member of free) if (member.isApart) void askAlone(member)
    } else for (const member of free) void askAlone(member)
  }

  const askAlone = async (member: Member): Promise<void> => {
    const { lease } = member.lease
    await ask(
      [member],
      async () => [await store.renew(lease, { leaseMs })],
      (error) => member.lease.failed(error),
    )
  }

  /** What keeps a call for all from its end may be about one of them: from then on each is asked alone until it answers. */
  const askTogether = async (
    together: readonly Member[],
    call: (leases: readonly ConversationLease[]) => Promise<readonly (Renewal | null)[]>,
  ): Promise<void> => {
    const leases = together.map(({ lease }) => lease.lease)
    await ask(
      together,
      () => call(leases),
      (error, isLate) => {
        if (!isLate && isPassingInStore(error)) {
          for (const { lease } of together) lease.failed(error)
          return
        }
        for (const member of together) {
          member.isApart = true
          member.isAskedAgain = true
        }
      },
    )
  }

  const ask = async (
    asked: readonly Member[],
    call: () => Promise<readonly (Renewal | null)[]>,
    failed: (error: unknown, isLate: boolean) => void,
  ): Promise<void> => {
    const askedAt = instant(clock)
    const late = portTimeout('renew', limitMs)
    for (const member of asked) member.isAsked = true
    try {
      const renewals = await withinMs(clock, { ms: limitMs, expired: () => late }, call)
      for (const [index, member] of asked.entries()) {
        const renewal = renewals[index]
        if (renewal === undefined) throw wrongAnswer()
        // Of this one it is not known; the others are told all the same.
        member.isApart = renewal === null
        if (renewal === null) {
          member.isAskedAgain = true
          continue
        }
        if (members.has(member)) member.lease.renewed(renewal, askedAt)
      }
    } catch (error) {
      if (asked.some((member) => members.has(member))) failed(error, error === late)
    } finally {
      for (const member of asked) member.isAsked = false
      const again = asked.filter(({ isAskedAgain }) => isAskedAgain)
      for (const member of again) member.isAskedAgain = false
      renew(again)
    }
  }

  /** Those who ask at the same moment, as after a lost connection, are asked for together. */
  const renewSoon = (member: Member): void => {
    member.isAskedAgain = true
    if (member.isAsked || isSoon) return
    isSoon = true
    queueMicrotask(() => {
      isSoon = false
      const soon = [...members].filter(({ isAsked, isAskedAgain }) => !isAsked && isAskedAgain)
      for (const each of soon) each.isAskedAgain = false
      renew(soon)
    })
  }

  return {
    join(lease) {
      const member = { lease, isAsked: false, isAskedAgain: false, isApart: false }
      members.add(member)
      if (beating === null) {
        beating = new AbortController()
        void run(beating)
      }
      return {
        beat: () => renewSoon(member),
        leave() {
          members.delete(member)
          if (members.size > 0) return
          beating?.abort(isOver)
          beating = null
        },
      }
    },
  }
}

function wrongAnswer(): Error {
  return new Error('`renewAll` of the store must answer for each lease, in the order given.')
}

interface Known<Key, Value> {
  get(key: Key): Value | undefined
  set(key: Key, value: Value): unknown
}

function getOr<Key, Value>(known: Known<Key, Value>, key: Key, create: () => Value): Value {
  const found = known.get(key)
  if (found !== undefined) return found
  const created = create()
  known.set(key, created)
  return created
}
