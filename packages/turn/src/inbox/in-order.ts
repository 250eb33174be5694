import type { RowId, QueuedTurn } from '../ports.js'
import { skipped, type TurnResult } from '../result.js'

/** What one attempt came to: an end, or that another turn is to be run first. */
export type Attempted<Report> = TurnResult<Report> | QueuedTurn

/** So many turns may end before one that waits behind them. */
const longestLine = 10_000

/**
 * Runs a turn when it is the first in the line of its conversation, and before it those that are before it: whoever comes first runs
 * what is first, so that a lost job holds up no one.
 */
export async function runInOrder<Report>(
  {
    turnId,
    cancelSignal,
  }: { readonly turnId: RowId; readonly cancelSignal?: AbortSignal | undefined },
  /** `isAhead`: one that is run only because it is before the turn. */
  attempt: (turnId: RowId, isAhead: boolean) => Promise<Attempted<Report>>,
): Promise<TurnResult<Report>> {
  for (let ended = 0; ended < longestLine; ended += 1) {
    const result = await attempt(turnId, false)
    if ('status' in result) return result
    const first = await attempt(result.first, true)
    // It has gone, and another one is first.
    if (!('status' in first)) continue
    if (first.status !== 'skipped' || cancelSignal?.aborted) continue
    if (first.reason === 'waiting') return skipped(turnId, 'queued', first.heldUntil)
    if (first.mustRunAgain) return { ...first, turnId }
  }
  return skipped(turnId, 'busy')
}
