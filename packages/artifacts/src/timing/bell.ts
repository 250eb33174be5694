import type { Clock } from '../clock.js'

/** Wakes one loop, which sleeps until then or for a time. */
export interface Bell {
  readonly ring: () => void
  /** Resolves when it was rung since the last wait, or after the time. */
  readonly wait: (ms: number) => Promise<void>
}

export function createBell(clock: Clock): Bell {
  let isRung = false
  let sleeper: AbortController | null = null
  return {
    ring: () => {
      isRung = true
      sleeper?.abort()
    },
    wait: async (ms) => {
      if (!isRung) {
        sleeper = new AbortController()
        await clock.sleep(ms, { signal: sleeper.signal }).catch(() => {})
        sleeper = null
      }
      isRung = false
    },
  }
}

const firstRetryMs = 500
const longestRetryMs = 30_000

/** How long to wait after so many failures in a row. */
export function retryDelayMs(failures: number): number {
  return Math.min(longestRetryMs, firstRetryMs * 2 ** Math.min(failures - 1, 10))
}
