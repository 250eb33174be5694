/** Time as this package sees it; hand in another one to test without waiting. */
export interface Clock {
  /** Milliseconds; only differences are used, so a clock that is never set back serves best. */
  now(): number
  /** Resolves after `ms` milliseconds; rejects with `signal.reason` as soon as the signal aborts. */
  sleep(ms: number, options?: { readonly signal?: AbortSignal }): Promise<void>
}

/** A longer timer fires after one millisecond. */
export const longestTimerMs: number = 2 ** 31 - 1

/** The time of this process, which goes on evenly when the machine's clock is set; no timer stays behind after an abort. */
export const systemClock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
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
