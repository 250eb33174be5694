import { systemClock } from '../../src/clock.js'
import type { Clock } from '../../src/index.js'

/** The machine's clock, which a test can push forward. Sleeps are real, so races run by themselves. */
export function createShiftedClock(): Clock & { advance: (ms: number) => void } {
  let shiftMs = 0
  return {
    now: () => systemClock.now() + shiftMs,
    sleep: (ms, options) => systemClock.sleep(ms, options),
    advance: (ms) => {
      shiftMs += ms
    },
  }
}
