import type { SteadyClock } from '../clock.js'

/** An instant by both clocks: one stands still while the machine is suspended, the other may be set. */
export interface Instant {
  readonly now: number
  readonly wall: number
}

export function instant(clock: SteadyClock): Instant {
  return { now: clock.now(), wall: clock.wall() }
}
