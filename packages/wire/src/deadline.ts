import type { Clock } from './clock.js'

/**
 * Calls `onExpire` once after `ms` milliseconds (0: never). The returned function takes it back and
 * leaves no timer behind.
 */
export function startDeadline(clock: Clock, ms: number, onExpire: () => void): () => void {
  if (ms === 0 || ms === Infinity) return () => {}
  const cancelled = new AbortController()
  clock.sleep(ms, { signal: cancelled.signal }).then(onExpire, () => {})
  return () => cancelled.abort()
}
