/** Time, as this package needs it; a test gives its own. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number
  /** Resolves after `ms`, or rejects with `signal.reason` when the signal aborts first. */
  sleep(ms: number, options?: { readonly signal?: AbortSignal }): Promise<void>
}

/** A longer timer would fire at once. */
const longestTimerMs = 2 ** 31 - 1

/** The time of the machine; it leaves no timer after an abort. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, { signal } = {}) =>
    new Promise((resolve, reject) => {
      signal?.throwIfAborted()
      let left = ms
      let timer: ReturnType<typeof setTimeout>
      const onAbort = (): void => {
        clearTimeout(timer)
        reject(signal?.reason)
      }
      const wait = (): void => {
        const part = Math.min(left, longestTimerMs)
        left -= part
        timer = setTimeout(left > 0 ? wait : end, part)
      }
      const end = (): void => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      wait()
    }),
}
