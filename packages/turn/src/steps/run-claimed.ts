import type { ArtifactCollector } from '../ports.js'
import { skipped, type TurnResult } from '../result.js'
import { Interrupted } from '../run/interruption.js'
import { onAbort } from '../run/listen.js'
import type { TurnRun } from '../run/run.js'
import { closeTurn } from './close-turn.js'
import { collectArtifacts } from './collect.js'
import { runInSession } from './in-session.js'
import { createSnapshots, type Snapshots } from './save-snapshot.js'
import { toEnding, toResult, writeEnding } from './settle.js'
import { closeAsks, isClosed, stopEarly, type Stopped } from './stop-early.js'

/** Runs a turn under its lease: to the proof of its end → settle by compare-and-set → collect files → close. */
export async function runClaimed<Report>(
  run: TurnRun,
  collector: ArtifactCollector<Report> | undefined,
): Promise<TurnResult<Report>> {
  const { clock, turnId } = run.setup
  const startedAt = clock.now()
  const snapshots = createSnapshots(run)
  const unlink = linkSignals(run)
  try {
    const { ending, stop } = await bringToEnd(run, snapshots)
    const written = await writeEnding(run, ending)
    if (written === null) return skipped(turnId, 'lease_lost')
    const durationMs = clock.now() - startedAt
    const { report: artifacts, isDone } = await collectArtifacts(run, collector)
    if (isDone && isClosed(stop)) await closeTurn(run)
    return toResult(run, written, { stop, artifacts, durationMs })
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error
    return await giveUp(run, error, snapshots)
  } finally {
    unlink()
    await run.lease.close()
  }
}

async function bringToEnd(run: TurnRun, snapshots: Snapshots): Promise<Stopped> {
  try {
    const proof = await runInSession(run, snapshots)
    const ending = toEnding(run, proof)
    const stop = await closeAsks(run)
    // Until the end is written the user's cancel comes before it.
    const isCancelled = run.interrupter.current?.kind === 'cancelled'
    return { ending: isCancelled ? { status: 'cancelled' } : ending, stop }
  } catch (error) {
    return await stopEarly(run, error)
  }
}

/** The row is left as it is; what a user has seen of the reply is in it before the next worker goes on. */
async function giveUp(
  run: TurnRun,
  { interruption }: Interrupted,
  snapshots: Snapshots,
): Promise<TurnResult<never>> {
  const { turnId } = run.setup
  if (interruption.kind === 'settled') return skipped(turnId, 'settled')
  if (interruption.kind !== 'handed_off') return skipped(turnId, 'lease_lost')
  await snapshots.saveLast()
  return skipped(turnId, 'handed_off')
}

/** The host's two signals mean different things: the user's cancel ends the turn, a shutdown leaves it. */
function linkSignals({ setup, interrupter }: TurnRun): () => void {
  const { cancelSignal, signal } = setup
  const unlistenCancel = onAbort(cancelSignal, () => interrupter.interrupt({ kind: 'cancelled' }))
  const unlistenLeave = onAbort(signal, () => interrupter.interrupt({ kind: 'handed_off' }))
  return () => {
    unlistenCancel()
    unlistenLeave()
  }
}
