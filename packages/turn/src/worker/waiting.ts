import type { SteadyClock } from '../clock.js'
import type { TurnResult } from '../result.js'
import type { Entry } from './lines.js'
import type { TurnJob } from './options.js'

/** A job that waits, or runs, and who waits for it. */
export interface Waiting<Report> extends Entry {
  readonly job: TurnJob
  readonly since: number
  readonly mayRepeat: boolean
  readonly signal: AbortSignal | undefined
  readonly cancel: AbortController
  readonly resolve: (result: TurnResult<Report> | null) => void
  readonly reject: (error: unknown) => void
  /** How often it was tried. */
  tries: number
}

const firstPauseMs = 500
const longestPauseMs = 30_000

/** Before a turn that was left, or whose rows were out of reach, is tried again. */
export function pauseAfter(
  { tries }: { readonly tries: number },
  heldUntil: number | null,
  clock: SteadyClock,
): number {
  const backoff = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(tries, 10))
  if (heldUntil === null) return backoff
  return Math.min(longestPauseMs, Math.max(firstPauseMs, heldUntil - clock.wall()))
}

/** How long the oldest of them has waited. */
export function oldestOf(items: Iterable<{ readonly since: number }>, clock: SteadyClock): number {
  let oldest = 0
  for (const { since } of items) oldest = Math.max(oldest, clock.now() - since)
  return oldest
}
