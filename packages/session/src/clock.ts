import { setTimeout as sleep } from 'node:timers/promises'

/** Time as this package sees it; hand in another one to test without waiting. */
export interface Clock {
  /** Milliseconds since the Unix epoch. Leases and claims to create a session expire by it. */
  now(): number
  /** Milliseconds from any start, which never jump; waits are measured by it. Default: `now`. */
  monotonic?(): number
  /** Resolves after `ms` milliseconds; rejects with `signal.reason` as soon as the signal aborts. */
  sleep(ms: number, options?: { signal?: AbortSignal }): Promise<void>
}

/** Node fires a longer timer after one millisecond. */
const longestTimerMs = 2 ** 31 - 1

/** @internal The machine's own clock; it leaves no timer behind after an abort. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: async (ms, options = {}) => {
    const { signal } = options
    const how = signal === undefined ? {} : { signal }
    try {
      let left = ms
      for (; left > longestTimerMs; left -= longestTimerMs) {
        await sleep(longestTimerMs, undefined, how)
      }
      await sleep(left, undefined, how)
    } catch (error) {
      throw signal?.aborted === true ? signal.reason : error
    }
  },
}

/** @internal For durations inside this process, which a set clock must not change. */
export function monotonic(clock: Clock): number {
  return clock.monotonic === undefined ? clock.now() : clock.monotonic()
}
