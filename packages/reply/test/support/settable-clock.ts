import type { ManualClock } from '@turnstead/testkit'
import type { Clock } from '../../src/streaming/clock.js'

/** A machine whose time can be set back by an hour. */
export interface SettableClock extends Clock {
  setBack(): void
}

export function createSettableClock(clock: ManualClock): SettableClock {
  let backMs = 0
  return {
    now: () => clock.now() - backMs,
    monotonic: () => clock.now(),
    sleep: (ms, options) => clock.sleep(ms, options),
    setBack() {
      backMs = 3_600_000
    },
  }
}
