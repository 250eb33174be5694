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
  /** At most one `onActivity` in this time. Default 10,000 ms. */
  readonly activityMs: number
}

/** What holds where the host says nothing. */
export const defaultTiming: Timing = {
  leaseMs: 30_000,
  pollMs: 3_000,
  graceMs: 5_000,
  snapshotMs: 1_000,
  activityMs: 10_000,
}
