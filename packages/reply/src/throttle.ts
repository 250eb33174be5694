import { ChangeQueue } from './change-queue.js'
import { systemClock } from './clock.js'
import type { Clock } from './clock.js'
import { notify } from './observer.js'
import type { ReplyObserver } from './observer.js'

/** Options of {@link throttle}. */
export interface ThrottleOptions {
  /** Shortest time between two deliveries, in milliseconds; default 100. */
  readonly intervalMs?: number
  /** Default: the time of the machine. */
  readonly clock?: Clock
  /** Told what the observer threw; default: nothing happens. */
  readonly onObserverError?: (error: unknown) => void
}

/** An observer that is told less often. */
export interface ThrottledObserver extends ReplyObserver {
  /** Delivers what waits, now. */
  flush(): void
  /** Delivers what waits and stops the clock. Changes that come later are delivered at once. */
  close(): void
}

/**
 * Tells an observer at most once in an interval, with the changes of each part merged.
 *
 * The first change is delivered at once. The last state is always delivered, at the end of an interval or by `close`.
 */
export function throttle(
  observer: ReplyObserver,
  options: ThrottleOptions = {},
): ThrottledObserver {
  const { intervalMs = 100, clock = systemClock, onObserverError = () => {} } = options
  if (!Number.isFinite(intervalMs) || intervalMs < 0) {
    throw new RangeError('`intervalMs` must be a number of milliseconds, 0 or more')
  }
  const waiting = new ChangeQueue()
  const closing = new AbortController()
  let resting = false

  const report = (error: unknown): void => {
    try {
      onObserverError(error)
    } catch {
      // The handler of failures must not become a failure of its own.
    }
  }
  const flush = (): void => {
    for (let change = waiting.shift(); change !== undefined; change = waiting.shift()) {
      try {
        notify(observer, change)
      } catch (error) {
        report(error)
      }
    }
  }
  const rest = async (): Promise<void> => {
    resting = true
    try {
      do {
        flush()
        await clock.sleep(intervalMs, { signal: closing.signal })
      } while (waiting.size > 0)
    } catch {
      flush()
    }
    resting = false
  }
  return {
    changed(change) {
      waiting.push(change)
      if (closing.signal.aborted) flush()
      else if (!resting) void rest()
    },
    flush,
    close() {
      closing.abort()
      flush()
    },
  }
}
