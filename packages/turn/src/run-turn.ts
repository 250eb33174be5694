import { resolveOptions, type TurnOptions, type TurnSetup } from './options.js'
import { assertPeersFit } from './run/peers.js'
import type { TurnResult } from './result.js'
import type { OutputOptions } from './output.js'
import { withinMs } from './run/deadline.js'
import { openRun } from './run/run.js'
import { claimTurn, type ClaimedTurn } from './steps/claim.js'
import { release } from './steps/close-turn.js'
import { finishLeftovers, finishSettled } from './steps/finish-leftovers.js'
import { runClaimed } from './steps/run-claimed.js'
import { stopStray } from './steps/stop-stray.js'
import { traceClaim } from './steps/trace-run.js'

// At load: before a job is taken, not in the middle of a turn.
assertPeersFit()

/**
 * Runs one turn from the user's prompt to the settled row. Running the same turn again, after a crash or
 * by a job queue that delivers twice, continues it, settles it, or finds it settled. Turns of the conversation that an
 * earlier worker left unfinished are finished first.
 *
 * Never rejects because of the agent or the OpenCode server: what they did is in the result and in the row.
 * Rejects with the store's own error when the rows cannot be read or written (run the job again), and with
 * a TypeError or RangeError for wrong options.
 *
 * @example
 * const result = await runTurn({ client, store, owner, conversationId, turnId, prompt: { text } })
 * if (result.status === 'skipped' && result.mustRunAgain) throw new Error(result.reason)
 */
export async function runTurn<Report = unknown, Output = unknown>(
  options: TurnOptions<Report> & { readonly output?: OutputOptions<Output> },
): Promise<TurnResult<Report, Output>> {
  // The schema has given the output its type.
  return (await runToResult(options)) as TurnResult<Report, Output>
}

async function runToResult<Report>(options: TurnOptions<Report>): Promise<TurnResult<Report>> {
  const setup = resolveOptions(options)
  const claim = await traceClaim(setup, () => claimTurn(setup))
  if ('status' in claim) {
    if (claim.reason !== 'settled') return claim
    await callBack(setup, options.onSettled, await finishSettled(setup, options.artifacts))
    return claim
  }
  const settled: TurnResult<Report>[] = []
  try {
    return await runHeld(setup, claim, options, settled)
  } finally {
    // The conversation is free again: the callback may start its next turn.
    await callBack(setup, options.onSettled, settled)
  }
}

/**
 * Finishes what was left of the conversation's other turns, then runs this one, and gives the conversation back.
 *
 * @param settled - Receives how each of them ended, also when a later one fails: what is closed is not found again.
 */
async function runHeld<Report>(
  setup: TurnSetup,
  { held, session, turn, leftovers }: ClaimedTurn,
  { artifacts }: TurnOptions<Report>,
  settled: TurnResult<Report>[],
): Promise<TurnResult<Report>> {
  try {
    for await (const ended of finishLeftovers(setup, held, leftovers, artifacts)) {
      settled.push(ended)
    }
    // A leftover may have been the reason for another session.
    const known = leftovers.length === 0 ? session : null
    const run = openRun(setup, held, turn, { given: setup.prompt, session: known })
    const result = await runClaimed(run, artifacts)
    settled.push(result)
    const { current } = run.interrupter
    if (current?.kind === 'lease_lost') await stopStray(run)
    return result
  } finally {
    await release(setup, held.lease)
  }
}

/** The turn is settled whatever the callback does, and however long it takes. */
async function callBack<Report>(
  setup: TurnSetup,
  onSettled: TurnOptions<Report>['onSettled'],
  results: readonly TurnResult<Report>[],
): Promise<void> {
  for (const result of results) {
    if (result.status !== 'skipped') await callBackOnce(setup, onSettled, result)
  }
}

async function callBackOnce<Report>(
  { budgets, clock, report }: TurnSetup,
  onSettled: TurnOptions<Report>['onSettled'],
  result: TurnResult<Report>,
): Promise<void> {
  const ms = budgets.unreachableMs
  const expired = (): Error =>
    new Error(
      `\`onSettled\` did not return within ${ms} ms (\`unreachableMs\`); it is not waited for any longer.`,
    )
  try {
    await withinMs(clock, { ms, expired }, async () => await onSettled?.(result))
  } catch (error) {
    report(error, 'callback')
  }
}
