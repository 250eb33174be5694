/** Where a turn takes the time from. Structural, so that a test's manual clock fits. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Resolves after `ms`; rejects with `signal.reason` when the signal aborts first. */
  sleep(ms: number, options?: { signal?: AbortSignal }): Promise<void>
}

/** Timers fire at once beyond this. */
const longestTimerMs = 2 ** 31 - 1

/** The clock of the machine; its timers are cleared when their signal aborts. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, { signal } = {}) =>
    new Promise((resolve, reject) => {
      const endsAt = performance.now() + ms
      if (signal?.aborted) {
        reject(signal.reason)
        return
      }
      const onAbort = (): void => {
        clearTimeout(timer)
        reject(signal?.reason)
      }
      const start = (): NodeJS.Timeout =>
        setTimeout(onTime, Math.min(Math.max(0, endsAt - performance.now()), longestTimerMs))
      const onTime = (): void => {
        if (endsAt - performance.now() > 1) {
          timer = start()
          return
        }
        signal?.removeEventListener('abort', onAbort)
        resolve()
      }
      let timer = start()
      signal?.addEventListener('abort', onAbort, { once: true })
    }),
}
