/** Time as this package sees it; pass another one to test without waiting. */
export interface Clock {
  /** Milliseconds since the Unix epoch. Jumps when the machine's time is set, so no duration is measured by it. */
  now(): number
  /** Milliseconds from any start, which only go forward; durations are measured by it. Default: `now`. */
  monotonic?(): number
  /** Resolves after `ms` milliseconds; rejects with `signal.reason` as soon as the signal aborts. */
  sleep(ms: number, options?: { readonly signal?: AbortSignal }): Promise<void>
}

/** @internal A longer timer fires after one millisecond. */
export const longestTimerMs: number = 2 ** 31 - 1

/** @internal The machine's own clock; no timer is left after an abort. */
export const systemClock: Required<Clock> = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
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

/** @internal For durations inside this process, which a clock that is set must not change. */
export function monotonic(clock: Clock): number {
  return clock.monotonic === undefined ? clock.now() : clock.monotonic()
}
