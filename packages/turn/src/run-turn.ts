import { rejectAsks } from './steps/attend-asks.js'
import { collectArtifacts, collectLeftovers } from './steps/collect.js'
import { breakOff, type Break, closeAsks } from './steps/break-off.js'
import { converse } from './steps/converse.js'
import { Interrupted } from './run/interruption.js'
import { keepLease } from './run/lease-keeper.js'
import { resolveOptions, type TurnOptions, type TurnSetup } from './options.js'
import type { ArtifactCollector } from './ports.js'
import { type Skipped, toResult, type TurnResult } from './result.js'
import { openRun, type TurnRun } from './run/run.js'
import { toEnding, writeEnding } from './steps/settle.js'
import { stopLeftover } from './steps/stop-leftover.js'

/**
 * Runs one turn from the user's prompt to the settled row. Running the same turn again, after a crash or
 * by a job queue that delivers twice, continues it, settles it, or finds it settled.
 *
 * Never rejects because of the agent or the OpenCode server: what they did is in the result and in the row.
 * Rejects with the store's own error when the rows cannot be read or written (run the job again), and with
 * a TypeError or RangeError for wrong options.
 */
export async function runTurn<Report = unknown>(
  options: TurnOptions<Report>,
): Promise<TurnResult<Report>> {
  const setup = resolveOptions(options, { asks: rejectAsks })
  const claim = await setup.store.claim(setup)
  if (!claim.claimed) {
    if (claim.turn && claim.reason === 'settled') {
      await stopLeftover(setup, claim.turn)
      await collectLeftovers(setup, claim.turn, options.artifacts)
    }
    return skipped(setup, claim.reason)
  }
  const run = openRun(setup, claim.lease, claim.turn)
  const result = await runClaimed(run, options.artifacts)
  // The conversation is free again: the callback may start its next turn.
  if (result.status !== 'skipped') await callBack(options.onSettled, result, setup.report)
  return result
}

async function runClaimed<Report>(
  run: TurnRun,
  collector: ArtifactCollector<Report> | undefined,
): Promise<TurnResult<Report>> {
  const { setup } = run
  const lease = keepLease(run)
  const unlink = linkSignals(run)
  try {
    const { ending, stop } = await bringToEnd(run)
    const written = await writeEnding(run, ending)
    if (written === null) return skipped(setup, 'lease_lost')
    const { tools } = run.reply.result()
    const artifacts = await collectArtifacts(setup, tools, collector)
    return toResult(run, written, { stop, artifacts })
  } catch (error) {
    if (error instanceof Interrupted) return skipped(setup, toReason(error))
    throw error
  } finally {
    unlink()
    await lease.close()
    await release(run)
  }
}

async function bringToEnd(run: TurnRun): Promise<Break> {
  try {
    const proof = await converse(run)
    return { ending: toEnding(run, proof), stop: await closeAsks(run) }
  } catch (error) {
    return await breakOff(run, error)
  }
}

/** A database that does not answer must not keep the result back: the lease ends by itself. */
async function release(run: TurnRun): Promise<void> {
  const { budgets, clock, report, store } = run.setup
  const done = new AbortController()
  const limit = clock.sleep(budgets.requestMs, { signal: done.signal }).catch(() => undefined)
  try {
    await Promise.race([store.release(run.lease), limit])
  } catch (error) {
    report(error, 'release')
  } finally {
    done.abort()
  }
}

/** The host's two signals mean different things: a person's stop ends the turn, a shutdown leaves it. */
function linkSignals(run: TurnRun): () => void {
  const { cancelSignal, signal } = run.setup
  const cancel = (): void => run.interrupt({ kind: 'cancelled' })
  const leave = (): void => run.interrupt({ kind: 'handed_off' })
  if (cancelSignal?.aborted) cancel()
  else if (signal?.aborted) leave()
  cancelSignal?.addEventListener('abort', cancel, { once: true })
  signal?.addEventListener('abort', leave, { once: true })
  return () => {
    cancelSignal?.removeEventListener('abort', cancel)
    signal?.removeEventListener('abort', leave)
  }
}

async function callBack<Report>(
  onSettled: TurnOptions<Report>['onSettled'],
  result: TurnResult<Report>,
  report: TurnSetup['report'],
): Promise<void> {
  try {
    await onSettled?.(result)
  } catch (error) {
    report(error, 'callback')
  }
}

function skipped(setup: TurnSetup, reason: Skipped['reason']): Skipped {
  return { status: 'skipped', turnId: setup.turnId, reason }
}

function toReason(error: Interrupted): Skipped['reason'] {
  return error.interruption.kind === 'handed_off' ? 'handed_off' : 'lease_lost'
}
