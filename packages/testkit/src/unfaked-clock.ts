import { longestTimerMs, systemClock, type Clock } from './clock.js'
import { realTime } from './real-time.js'

/** The machine's own clock, also where a test has put timers of its own in its place. */
export const unfakedClock: Required<Clock> = {
  ...systemClock,
  monotonic: () => realTime.now(),
  async sleep(ms, { signal } = {}) {
    for (let left = ms; ; left -= longestTimerMs) {
      await pause(Math.min(left, longestTimerMs), signal)
      if (left <= longestTimerMs) return
    }
  },
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason)
    const onAbort = (): void => {
      realTime.clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = realTime.setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
