import { TurnError } from './errors.js'
import type { TurnOptions } from './options.js'
import type { LeftTurn, RowId } from './ports.js'
import type { Prompt } from './prompt.js'
import type { TurnResult } from './result.js'
import { splitPending } from './worker/look-for-left.js'
import { assertTurnNames } from './checks/names.js'
import { createTurnWorker } from './worker/turn-worker.js'

/** What {@link resumeTurns} needs: what a worker process gives to every verb, and what `runTurn` may be told. */
export interface ResumeOptions<Report = unknown> extends Omit<
  TurnOptions<Report>,
  'conversationId' | 'turnId' | 'prompt' | 'cancelSignal' | 'onBusy'
> {
  /** At most so many turns of each kind. Default 20. */
  readonly limit?: number
  /** So many of them run at once. Default 5. */
  readonly concurrency?: number
  /**
   * What was asked, for rows that do not hold it: a turn that no worker ever took has none, unless it is in the line. Null leaves such a
   * turn alone. Default: turns that no worker took are only reported, apart from those of a line.
   */
  readonly prompt?: (turn: LeftTurn) => Prompt | null | Promise<Prompt | null>
}

/** What became of the turns that were found. */
export interface ResumeReport<Report = unknown> {
  /** Turns that are over now. */
  readonly settled: readonly Exclude<TurnResult<Report>, { status: 'skipped' }>[]
  /** Turns that others have taken or ended meanwhile, or that could not be run now: the next call finds what is left of them. */
  readonly left: readonly { readonly turnId: RowId; readonly reason: unknown }[]
  /** Turns that no worker took for long and that were not run: give them to the queue again. */
  readonly pending: readonly LeftTurn[]
  /** There may be more than `limit`. */
  readonly hasMore: boolean
}

/**
 * Runs what crashes left, at the start of a process or by cron, beside running workers: turns whose worker is gone go on or are
 * settled, what follows an end is done, and turns that waited for a person go on once they are due. An older turn of a conversation always comes before a newer one.
 *
 * @throws the store's error when it cannot look, TypeError when it has no `sweep`.
 *
 * @example
 * await resumeTurns({ client, store, owner, limit: 20 })
 */
export async function resumeTurns<Report = unknown>(
  options: ResumeOptions<Report>,
): Promise<ResumeReport<Report>> {
  assertTurnNames('resumeTurns', options)
  const { limit = 20, concurrency = 5, prompt, signal, ...turns } = options
  const { store } = turns
  if (store.sweep === undefined)
    throw new TypeError('`store` has no `sweep`, by which turns are found')
  const found = await store.sweep({ limit })
  const { inLine, others } = splitPending(found.pendingTurns)
  const asked = await withPrompts(others, prompt)
  const due = found.dueTurns ?? []
  const jobs = [...found.strandedTurns, ...due, ...found.unclosedTurns, ...asked, ...inLine]

  await using worker = createTurnWorker<Report>({
    ...turns,
    concurrency,
    maxWaiting: Infinity,
    resumeMs: 0,
  })
  const outcomes = await Promise.allSettled(jobs.map((job) => worker.run(job, { signal })))
  const settled: Exclude<TurnResult<Report>, { status: 'skipped' }>[] = []
  const left: { turnId: RowId; reason: unknown }[] = []
  for (const [index, outcome] of outcomes.entries()) {
    const turnId = jobs[index]?.turnId ?? ''
    if (outcome.status === 'rejected') left.push({ turnId, reason: reasonOf(outcome.reason) })
    else if (outcome.value.status === 'skipped') left.push({ turnId, reason: outcome.value.reason })
    else settled.push(outcome.value)
  }
  const taken = new Set(asked.map(({ turnId }) => turnId))
  const pending = others.filter(({ turnId }) => !taken.has(turnId))
  return { settled, left, pending, hasMore: found.hasMore }
}

async function withPrompts(
  turns: readonly LeftTurn[],
  prompt: ResumeOptions['prompt'],
): Promise<readonly (LeftTurn & { readonly prompt: Prompt })[]> {
  if (prompt === undefined) return []
  const asked = await Promise.all(turns.map(async (turn) => ({ turn, asks: await prompt(turn) })))
  return asked.flatMap(({ turn: { turnId, conversationId }, asks }) =>
    asks === null ? [] : [{ turnId, conversationId, prompt: asks }],
  )
}

function reasonOf(error: unknown): unknown {
  return TurnError.is(error) && error.code === 'not_run' ? error.message : error
}
