import { WireError } from '@turnstead/wire'
import { watchNotices } from '../asks/watch-notices.js'
import { keepHistory } from '../history/keep-history.js'
import { openLiveOutput } from '../live/output.js'
import type { ArtifactCollector } from '../ports.js'
import { skipped, type TurnResult } from '../result.js'
import { Interrupted } from '../run/interruption.js'
import { onAbort } from '../run/listen.js'
import { withRetry } from '../run/retry.js'
import type { TurnRun } from '../run/run.js'
import { Parked } from '../waiting/park.js'
import { closeTurn } from './close-turn.js'
import { collectArtifacts } from './collect.js'
import { type Outputs, runInSession } from './in-session.js'
import { createSnapshots } from './save-snapshot.js'
import { type Ending, toEnding, toResult, writeEnding } from './settle.js'
import { closeAsks, isClosed, stopEarly, type Stopped } from './stop-early.js'
import { traceSettle, traceTurn } from './trace-run.js'

/** Runs a turn under its lease: to the proof of its end → settle by compare-and-set → collect files → close. */
export async function runClaimed<Report>(
  run: TurnRun,
  collector: ArtifactCollector<Report> | undefined,
): Promise<TurnResult<Report>> {
  return await traceTurn(run, () => runToEnd(run, collector))
}

async function runToEnd<Report>(
  run: TurnRun,
  collector: ArtifactCollector<Report> | undefined,
): Promise<TurnResult<Report>> {
  const { clock, turnId } = run.setup
  const startedAt = clock.now()
  const snapshots = createSnapshots(run)
  const live = openLiveOutput(run)
  const unlink = linkSignals(run)
  const unwatch = watchTurn(run)
  try {
    const { ending, stop } = await bringToEnd(run, { snapshots, live })
    if (isServerThere(ending)) await keepHistory(run)
    const written = await traceSettle(run, ending, () => writeEnding(run, ending))
    if (written === 'lost') return skipped(turnId, 'lease_lost')
    if (written === 'settled') return skipped(turnId, 'settled')
    await live.close()
    const durationMs = clock.now() - startedAt
    const { report: artifacts, isDone, files } = await collectArtifacts(run, collector)
    if (isDone && isClosed(stop)) await closeTurn(run, files)
    return toResult(run, written, { stop, artifacts, durationMs })
  } catch (error) {
    if (error instanceof Parked) return skipped(turnId, 'waiting', error.dueAt)
    if (!(error instanceof Interrupted)) throw error
    return giveUp(run, error)
  } finally {
    unlink()
    unwatch()
    await live.close()
    await run.activity.close()
    run.lease.close()
  }
}

/** Of a server that could not be asked nothing can be kept, and the end of the turn need not wait for that. */
function isServerThere(ending: Ending): boolean {
  const isAway =
    ending.status === 'failed' &&
    ['server_unreachable', 'session_lost', 'session_not_restored'].includes(ending.error.code)
  return !isAway
}

async function bringToEnd(run: TurnRun, outputs: Outputs): Promise<Stopped> {
  try {
    const proof = await runInSession(run, outputs)
    const ending = await toEnding(run, proof)
    // What is asked after the run went on with a message of another turn is asked in that one.
    const isSteered = run.others.turnOf(proof.answeredBy) !== null
    const stop = isSteered ? null : await closeAsks(run)
    // Until the end is written the user's cancel comes before it.
    const isCancelled = run.interrupter.current?.kind === 'cancelled'
    return { ending: isCancelled ? { status: 'cancelled' } : ending, stop }
  } catch (error) {
    // The agent waits on.
    if (error instanceof Parked) throw error
    // The host closed its client under the turn, which runs on: that is a shutdown, whatever it was meant to be.
    const hasClosed = WireError.is(error) && error.code === 'closed'
    if (hasClosed) run.interrupter.interrupt({ kind: 'handed_off' })
    // What a user has seen of the reply is in the row before the next worker goes on.
    if (run.interrupter.current?.kind === 'handed_off') await outputs.snapshots.saveLast()
    return await stopEarly(run, error)
  }
}

/** The row is left as it is. */
function giveUp({ setup }: TurnRun, { interruption }: Interrupted): TurnResult<never> {
  const { kind } = interruption
  return skipped(setup.turnId, kind === 'settled' || kind === 'handed_off' ? kind : 'lease_lost')
}

/** The host's two signals mean different things: the user's cancel ends the turn, a shutdown leaves it. */
function linkSignals(run: TurnRun): () => void {
  const { setup, interrupter } = run
  const { cancelSignal, signal } = setup
  const unlistenCancel = onAbort(cancelSignal, () => {
    interrupter.interrupt({ kind: 'cancelled' })
    void noteCancel(run)
  })
  const unlistenLeave = onAbort(signal, () => interrupter.interrupt({ kind: 'handed_off' }))
  return () => {
    unlistenCancel()
    unlistenLeave()
  }
}

/** A notice only says when to ask: what it is about is in the row, and the next beat would find it there too. */
function watchTurn({ lease, setup }: TurnRun): () => void {
  return watchNotices(setup, ({ type }) => {
    if (type === 'cancelled' || type === 'missed') lease.recheck()
  })
}

/** The cancel is in the row before the agent is stopped: if this process dies meanwhile, the next one knows of it. */
async function noteCancel({ setup }: TurnRun): Promise<void> {
  try {
    await withRetry(setup, {
      step: 'stop',
      attempt: () => setup.store.cancel({ turnId: setup.turnId }),
    })
  } catch (error) {
    setup.report(error, 'stop')
  }
}
