/** How long to wait between attempts to bring a server back. */
export interface BackoffOptions {
  /** Upper bound of the wait before the second attempt, in milliseconds; it doubles with each further one. */
  readonly baseMs: number
  /** Upper bound of every wait, in milliseconds. */
  readonly maxMs: number
}

/**
 * The wait before an attempt (the first is number 1 and does not wait). Half of it is random, so that
 * several servers that died together do not come back together.
 */
export function backoffMs(attempt: number, options: BackoffOptions, random: () => number): number {
  if (attempt <= 1) return 0
  const bound = Math.min(options.maxMs, options.baseMs * 2 ** (attempt - 2))
  return Math.round(bound * (0.5 + random() / 2))
}
