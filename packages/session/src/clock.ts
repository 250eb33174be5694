import { setTimeout as sleep } from 'node:timers/promises'

/** Time as this package sees it; hand in another one to test without waiting. */
export interface Clock {
  /** Milliseconds since the Unix epoch. Leases and mint claims expire by it. */
  now(): number
  /** Resolves after `ms` milliseconds; rejects with `signal.reason` as soon as the signal aborts. */
  sleep(ms: number, options?: { signal?: AbortSignal }): Promise<void>
}

/** The machine's own clock; it leaves no timer behind after an abort. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: async (ms, options = {}) => {
    const { signal } = options
    try {
      await sleep(ms, undefined, signal === undefined ? {} : { signal })
    } catch (error) {
      throw signal?.aborted === true ? signal.reason : error
    }
  },
}
