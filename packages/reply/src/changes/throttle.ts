import { ChangeQueue } from './change-queue.js'
import { longestTimerMs, systemClock } from '../streaming/clock.js'
import type { Clock } from '../streaming/clock.js'
import { notify } from './observer.js'
import type { ReplyObserver } from './observer.js'
import { requireRange } from '../streaming/require-range.js'

/** Options of {@link throttle}. */
export interface ThrottleOptions {
  /** Shortest time between two deliveries, in milliseconds; default 100, at most 2,147,483,647. */
  readonly intervalMs?: number
  /** Default: the time of the machine. */
  readonly clock?: Clock
  /** Called with what the observer threw or rejected with; default: nothing happens. */
  readonly onObserverError?: (error: unknown) => void
}

/** An observer that is called less often. */
export interface ThrottledObserver extends ReplyObserver {
  /** Delivers what waits, now. */
  flush(): void
  /** Delivers what waits and stops the clock. Changes that come later are delivered at once. */
  close(): void
}

/**
 * Tells an observer at most once in an interval, with the changes of one thing merged.
 *
 * The first change is delivered at once. The last state is always delivered, at the end of an interval or by `close`.
 */
export function throttle(
  observer: ReplyObserver,
  options: ThrottleOptions = {},
): ThrottledObserver {
  const { intervalMs = 100, clock = systemClock, onObserverError = null } = options
  requireRange('intervalMs', intervalMs, 0, longestTimerMs)
  const waiting = new ChangeQueue()
  const closing = new AbortController()
  let resting = false

  const flush = (): void => {
    for (let change = waiting.shift(); change !== undefined; change = waiting.shift()) {
      notify(observer, change, onObserverError)
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
