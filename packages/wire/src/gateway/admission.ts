import { type Clock, monotonic } from '../clock.js'
import type { ReservationRequest, SpendLedger } from './ledger.js'
import type { RefusalCode } from './refusals.js'

/** Lets calls out as far as the caps go. */
export interface Admission {
  /** Null when the call may go out, else why not. */
  admit(request: ReservationRequest, signal: AbortSignal): Promise<RefusalCode | null>
  /** A call of this user is over. */
  freed(user: string): void
}

/** Other processes may spend from the same cap, and say nothing here. */
const pollMs = 500

/** A call that only calls under way keep out waits until they are over: most cost far less than was set aside for them. */
export function createAdmission(options: {
  readonly ledger: SpendLedger
  readonly clock: Clock
  readonly waitMs: number
}): Admission {
  const { ledger, clock, waitMs } = options
  const waiting = new Map<string, Set<() => void>>()

  function nextFreed(user: string, signal: AbortSignal): Promise<void> {
    const waiters = waiting.get(user) ?? new Set<() => void>()
    waiting.set(user, waiters)
    const stopped = new AbortController()
    const either = AbortSignal.any([signal, stopped.signal])
    let wake = (): void => undefined
    return new Promise<void>((resolve, reject) => {
      wake = resolve
      waiters.add(wake)
      clock.sleep(pollMs, { signal: either }).then(resolve, reject)
    }).finally(() => {
      stopped.abort()
      waiters.delete(wake)
      if (waiters.size === 0 && waiting.get(user) === waiters) waiting.delete(user)
    })
  }

  return {
    async admit(request, signal) {
      const until = monotonic(clock) + waitMs
      for (;;) {
        const reservation = await ledger.reserve(request)
        if (reservation.granted) return null
        if (reservation.isFinal) return 'cap_reached'
        if (monotonic(clock) >= until) return 'cap_reserved'
        await nextFreed(request.user, signal)
      }
    },
    freed(user) {
      for (const wake of [...(waiting.get(user) ?? [])]) wake()
    },
  }
}
