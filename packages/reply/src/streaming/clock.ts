/** Time as this package sees it; hand in another one to test without waiting. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number
  /** Resolves after `ms` milliseconds; rejects with `signal.reason` as soon as the signal aborts. */
  sleep(ms: number, options?: { readonly signal?: AbortSignal }): Promise<void>
}

/** A longer timer fires after one millisecond. */
export const longestTimerMs: number = 2 ** 31 - 1

/** The machine's own clock; it leaves no timer behind after an abort. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, { signal } = {}) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason)
      let left = ms
      let timer: ReturnType<typeof setTimeout>
      const onAbort = (): void => {
        clearTimeout(timer)
        reject(signal?.reason)
      }
      const onTime = (): void => {
        if (left > 0) return wait()
        signal?.removeEventListener('abort', onAbort)
        resolve()
      }
      const wait = (): void => {
        const step = Math.min(left, longestTimerMs)
        left -= step
        timer = setTimeout(onTime, step)
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      wait()
    }),
}
