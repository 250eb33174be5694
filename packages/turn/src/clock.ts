/** Where a turn takes the time from. Structural, so that a test's manual clock fits. */
export interface Clock {
  /** Milliseconds since the epoch. May jump when the machine's time is set: a turn never measures with it. */
  now(): number
  /** Milliseconds that only go forward; only differences are used. Default: `now`. */
  monotonic?(): number
  /** Resolves after `ms`; rejects with `signal.reason` when the signal aborts first. */
  sleep(ms: number, options?: { signal?: AbortSignal }): Promise<void>
}

/** Timers fire at once beyond this. */
const longestTimerMs = 2 ** 31 - 1

/** The clock of the machine; its timers are cleared when their signal aborts. */
export const systemClock: Required<Clock> = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
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
      const start = (): ReturnType<typeof setTimeout> =>
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

/** A clock as the steps of a turn see it: `now` never jumps, `wall` may. */
export interface SteadyClock {
  /** Milliseconds that only go forward. Every duration of a turn is a difference of two of these. */
  now(): number
  /** The wall clock, for what another machine has to understand. */
  wall(): number
  sleep(ms: number, options?: { signal?: AbortSignal }): Promise<void>
}

/** Makes a host's clock one to measure with. */
export function steady(clock: Clock): SteadyClock {
  return {
    now: () => (clock.monotonic === undefined ? clock.now() : clock.monotonic()),
    wall: () => clock.now(),
    sleep: (ms, options) => clock.sleep(ms, options),
  }
}
