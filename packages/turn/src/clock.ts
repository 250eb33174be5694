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

/** A clock as the steps of a turn see it: `now` never jumps, `wall` may. */
export interface SteadyClock {
  /** Milliseconds that only go forward. Every duration of a turn is a difference of two of these. */
  now(): number
  /** The wall clock, for what another machine has to understand. */
  wall(): number
  sleep(ms: number, options?: { signal?: AbortSignal }): Promise<void>
  /** Calls back once after `ms`, never before; the result takes it back, and leaves no timer. Cheaper than a sleep that is given up. */
  later(ms: number, onTime: () => void): () => void
}

/** A reason that is made once: each made anew would look for where it comes from. */
export const isOver: DOMException = new DOMException('This operation was aborted', 'AbortError')

const steadied = new WeakMap<Clock, SteadyClock>()

/** Makes a host's clock one to measure with; of one clock the same one each time, so that runs can be told to share it. */
export function steady(clock: Clock): SteadyClock {
  const known = steadied.get(clock)
  if (known !== undefined) return known
  const made: SteadyClock = {
    now: () => monotonic(clock),
    wall: () => clock.now(),
    sleep: (ms, options) => clock.sleep(ms, options),
    later: (ms, onTime) => {
      if (ms === Infinity) return () => undefined
      if (clock === systemClock && ms <= longestTimerMs) {
        const dueAt = made.now() + ms
        // Node counts whole milliseconds from when its loop woke, so that a timer fires early; who looks then, looks in vain.
        const look = (): void => {
          const left = dueAt - made.now()
          if (left > 0) timer = setTimeout(look, Math.ceil(left))
          else onTime()
        }
        let timer = setTimeout(look, Math.ceil(ms))
        return () => clearTimeout(timer)
      }
      const stop = new AbortController()
      clock.sleep(ms, { signal: stop.signal }).then(onTime, () => undefined)
      return () => stop.abort(isOver)
    },
  }
  steadied.set(clock, made)
  return made
}
