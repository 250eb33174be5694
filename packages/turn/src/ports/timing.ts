import { assertKnown } from './known-options.js'

/** How often a turn does what. */
export interface Timing {
  /** How long the turn stays claimed after the worker's last sign of life. Default 30,000 ms. */
  readonly leaseMs: number
  /** Between two polls of the server while the stream is silent. Default 3,000 ms. */
  readonly pollMs: number
  /** How long an idle server without an ended message is given before the run counts as lost. Default 5,000 ms. */
  readonly graceMs: number
  /** At most one snapshot of the reply into the row in this time. Default 1,000 ms. */
  readonly snapshotMs: number
  /**
   * How soon the history of a turn that runs on is kept for the first time; then after twice as long each. Default 60,000 ms. It is
   * always kept at the end.
   */
  readonly historyMs: number
  /** At most one `onActivity` in this time. Default 10,000 ms. */
  readonly activityMs: number
  /**
   * A turn that waits this long for a person, while nothing else of it goes on, is left to its row: no worker, lease or timer is kept
   * for it. Only where the store has `park`, and while the policy has said `wait`. Infinity or 0: never. Default 60,000 ms.
   */
  readonly parkAfterMs: number
  /** When to remind someone of such a turn, counted from the oldest question, by the store's outbox. Infinity: never. Default 86,400,000 ms. */
  readonly remindAfterMs: number
}

/** What holds where the host says nothing. */
export const defaultTiming: Timing = {
  leaseMs: 30_000,
  pollMs: 3_000,
  graceMs: 5_000,
  snapshotMs: 1_000,
  historyMs: 60_000,
  activityMs: 10_000,
  parkAfterMs: 60_000,
  remindAfterMs: 86_400_000,
}

/** @throws RangeError for a time that makes no sense, TypeError for one that there is none. */
export function assertTiming(timing: Timing): void {
  assertKnown('`timing`', timing, defaultTiming)
  for (const [name, ms] of Object.entries(timing)) {
    const isTime = typeof ms === 'number' && ms > 0
    if (!isTime && !(name === 'parkAfterMs' && ms === 0))
      throw new RangeError(`\`timing.${name}\` must be a positive number of milliseconds`)
  }
}
