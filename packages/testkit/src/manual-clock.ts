import type { Clock } from './clock.js'
import { TestkitError } from './errors.js'
import { realTime } from './real-time.js'

/** A clock that stands still until a test moves it. */
export interface ManualClock extends Clock {
  /** Moves time on by `ms`, waking every sleeper at its own moment and letting it run before the next one. */
  advance(ms: number): Promise<void>
  /** How many sleeps wait now. */
  readonly pending: number
  /** Milliseconds until the next sleeper wakes; null when nobody sleeps. */
  readonly nextInMs: number | null
  /**
   * Resolves when at least `count` sleeps wait. Use it before `advance` when the code under test reaches its sleep
   * through real sockets. Fails with `wait_timeout` after `timeoutMs` of real time (default 2,000).
   */
  untilPending(count: number, options?: { timeoutMs?: number }): Promise<void>
}

interface Sleeper {
  readonly at: number
  readonly wake: () => void
}

const turnOfTheLoop = (): Promise<void> => new Promise((resolve) => realTime.setImmediate(resolve))

/** Makes a {@link ManualClock} that starts at `startMs` (default 0). */
export function createManualClock(startMs = 0): ManualClock {
  let time = startMs
  const sleepers = new Set<Sleeper>()

  const earliest = (): Sleeper | undefined => {
    let first: Sleeper | undefined
    for (const sleeper of sleepers) if (!first || sleeper.at < first.at) first = sleeper
    return first
  }

  const sleep: Clock['sleep'] = (ms, options) =>
    new Promise((resolve, reject) => {
      const signal = options?.signal
      if (signal?.aborted) return reject(signal.reason)
      const onAbort = (): void => {
        sleepers.delete(sleeper)
        reject(signal?.reason)
      }
      const sleeper: Sleeper = {
        at: time + Math.max(0, ms),
        wake: () => {
          signal?.removeEventListener('abort', onAbort)
          resolve()
        },
      }
      sleepers.add(sleeper)
      signal?.addEventListener('abort', onAbort, { once: true })
    })

  return {
    now: () => time,
    sleep,
    get pending() {
      return sleepers.size
    },
    get nextInMs() {
      const next = earliest()
      return next ? Math.max(0, next.at - time) : null
    },
    async advance(ms) {
      if (!(ms >= 0)) throw new RangeError('`ms` must be 0 or more: a clock does not run backwards')
      const end = time + ms
      await turnOfTheLoop()
      for (let next = earliest(); next && next.at <= end; next = earliest()) {
        sleepers.delete(next)
        time = Math.max(time, next.at)
        next.wake()
        await turnOfTheLoop()
      }
      time = end
    },
    async untilPending(count, options) {
      const deadline = realTime.now() + (options?.timeoutMs ?? 2_000)
      while (sleepers.size < count) {
        if (realTime.now() > deadline) {
          throw new TestkitError(
            'wait_timeout',
            `${sleepers.size} of ${count} expected sleeps wait on the manual clock`,
          )
        }
        await turnOfTheLoop()
      }
    },
  }
}
