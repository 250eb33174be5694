import { resolveOptions, type TurnOptions, type TurnSetup } from './options.js'
import { assertPeersFit } from './run/peers.js'
import { type Attempted, runInOrder } from './inbox/in-order.js'
import { splitLeftovers } from './inbox/split-leftovers.js'
import { nextInLine } from './inbox/next-in-line.js'
import type { RowId, TurnRecord } from './ports.js'
import { type Skipped, skipped, type TurnResult, waitsForPerson } from './result.js'
import { withEither } from './run/listen.js'
import type { OutputOptions } from './output.js'
import { placeTurn } from './place/place-turn.js'
import { withinMs } from './run/deadline.js'
import { openRun } from './run/run.js'
import { claimTurn, type ClaimedTurn } from './steps/claim.js'
import { giveBack, release } from './steps/close-turn.js'
import { finishLeftovers, finishSettled, finishSteered } from './steps/finish-leftovers.js'
import { runClaimed } from './steps/run-claimed.js'
import { stopStray } from './steps/stop-stray.js'
import { assertPorts } from './checks/ports.js'
import { assertTurnNames } from './checks/names.js'
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
  assertTurnNames('runTurn', options)
  const { turnId, cancelSignal, signal } = options
  return await runInOrder({ turnId, cancelSignal }, async (first, isAhead) =>
    isAhead
      ? await attemptAhead(options, first, [signal, cancelSignal])
      : await attemptTurn(options),
  )
}

/** A turn that is run because it is before another one, as its row has it: what ends the other one's wait only leaves it. */
async function attemptAhead<Report>(
  options: TurnOptions<Report>,
  turnId: RowId,
  leaveSignals: readonly (AbortSignal | undefined)[],
): Promise<Attempted<Report>> {
  const { prompt: _prompt, cancelSignal: _cancelSignal, onReply: _onReply, ...turns } = options
  return await withEither(leaveSignals, (signal) => attemptTurn({ ...turns, turnId, signal }))
}

/** @internal One attempt at one turn; says which one is to be run first, if that is another one. */
export async function attemptTurn<Report>(
  options: TurnOptions<Report>,
): Promise<Attempted<Report>> {
  assertPorts(options)
  const setup = resolveOptions(options)
  const claim = await traceClaim(setup, () => claimTurn(setup))
  if ('reason' in claim) {
    if (claim.reason !== 'settled') return claim
    const { results, turns } = await finishSettled(setup, options.artifacts)
    const next = await nextInLine(setup, turns)
    await callBack(
      setup,
      options.onSettled,
      results.map((each) => withNext(each, next)),
    )
    return claim
  }
  const settled: TurnResult<Report>[] = []
  let next: RowId | null = null
  try {
    const result = await runHeld(setup, claim, options, settled)
    next = await nextInLine(setup, [claim.turn, ...claim.leftovers])
    return withNext(result, next)
  } finally {
    // The conversation is free again: the callback may start its next turn.
    const results = settled.map((each) => withNext(each, next))
    await callBack(setup, options.onSettled, results)
  }
}

function withNext<Report>(result: TurnResult<Report>, next: RowId | null): TurnResult<Report> {
  return result.status === 'skipped' ? result : { ...result, next }
}

/**
 * Finishes what was left of the conversation's other turns, runs this one, then those whose messages were given to its agent, and gives
 * the conversation back.
 *
 * @param settled - Receives how each of them ended, also when a later one fails: what is closed is not found again.
 */
async function runHeld<Report>(
  setup: TurnSetup,
  claim: ClaimedTurn,
  { artifacts }: TurnOptions<Report>,
  settled: TurnResult<Report>[],
): Promise<TurnResult<Report>> {
  const { held, home, leftovers, turn } = claim
  try {
    // What was only begun is nowhere yet.
    const isUnderWay = [turn, ...leftovers].some(({ prompt }) => prompt !== null)
    const placed = await placeTurn(setup, { lease: held.lease, home, isUnderWay })
    if ('status' in placed) {
      if (placed.reason === 'elsewhere') await giveBack(setup, claim)
      return placed
    }
    const { before, after } = splitLeftovers(leftovers, turn)
    for await (const ended of finishLeftovers(placed, held, before, artifacts)) {
      settled.push(ended)
      if (waitsForPerson(ended)) return behind(turn, ended)
    }
    // A leftover may have been the reason for another session.
    const known = leftovers.length === 0 ? claim.session : null
    const run = openRun(placed, held, turn, { given: setup.prompt, session: known })
    const result = await runClaimed(run, artifacts)
    settled.push(result)
    const { current } = run.interrupter
    if (current?.kind === 'lease_lost') await stopStray(run)
    // What waits for a person, or is left to another worker, holds up those who speak in its run.
    if (result.status === 'skipped') return result
    for await (const ended of finishSteered(run, held, after, artifacts)) settled.push(ended)
    return result
  } finally {
    await release(setup, held.lease)
  }
}

/** Asked now, it would be given to the agent of the one that waits. Its row says that it was begun, so the end of that one runs it. */
function behind({ delivery, turnId }: TurnRecord, { heldUntil }: Skipped): Skipped {
  return skipped(turnId, (delivery ?? null) === null ? 'busy' : 'queued', heldUntil)
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
