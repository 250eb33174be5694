import { longestTimerMs, systemClock, type Clock } from '../clock.js'

/** A reason of its own saves the making of an `AbortError` for every call that ends in time. */
const cancelled = new Error('the deadline is no longer needed')

/**
 * Calls `onExpire` once after `ms` milliseconds (0: never). The returned function takes it back and
 * leaves no timer.
 */
export function startDeadline(clock: Clock, ms: number, onExpire: () => void): () => void {
  if (ms === 0 || ms === Infinity) return () => {}
  if (clock === systemClock && ms <= longestTimerMs) {
    // Ten times cheaper than an abortable sleep, and every request has a deadline.
    const timer = setTimeout(onExpire, ms)
    return () => clearTimeout(timer)
  }
  const stop = new AbortController()
  clock.sleep(ms, { signal: stop.signal }).then(onExpire, () => {})
  return () => stop.abort(cancelled)
}
