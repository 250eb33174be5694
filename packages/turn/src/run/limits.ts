/** What every request of a turn is given: an end by signal and an end by time. */
export interface RequestLimits {
  readonly signal?: AbortSignal
  readonly timeoutMs: number
}
