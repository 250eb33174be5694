import type { ManualClock } from '@turnstead/testkit'
import type { Clock } from '../../src/streaming/clock.js'

/** A machine whose time is set back by an hour as soon as something waits. */
export function setBack(clock: ManualClock): Clock {
  let backMs = 0
  return {
    now: () => clock.now() - backMs,
    monotonic: () => clock.now(),
    sleep: (ms, options) => {
      backMs = 3_600_000
      return clock.sleep(ms, options)
    },
  }
}
