import { createPoller } from '../poll/poll.js'
import type { TurnSetup } from '../options.js'
import type { ArtifactCollector, ConversationLease, TurnRecord } from '../ports.js'
import type { TurnResult } from '../result.js'
import { onAbort } from '../run/listen.js'
import { type Instant, instant } from '../run/lease-keeper.js'
import { withRetry } from '../run/retry.js'
import { openRun, type TurnRun } from '../run/run.js'
import { closeTurn, release } from './close-turn.js'
import { collectArtifacts } from './collect.js'
import { runClaimed } from './run-claimed.js'
import { keepPartial } from './settle.js'
import { isProvenStop, stopAgent } from './stop.js'

/** A conversation that this worker holds. */
export interface HeldConversation {
  readonly lease: ConversationLease
  readonly since: Instant
}

/**
 * Does what earlier workers left of a conversation's turns, oldest first and before its next turn runs, so that no turn
 * steps over another: a stranded turn is run to its end; of one that is over the agent is stopped if it still works for
 * it, what a cancelled turn had is kept, the files are collected.
 *
 * @returns how the stranded turns ended.
 * @throws the store's error when it stays away.
 */
export async function finishLeftovers<Report>(
  setup: TurnSetup,
  { lease, since }: HeldConversation,
  leftovers: readonly TurnRecord[],
  collector: ArtifactCollector<Report> | undefined,
): Promise<TurnResult<Report>[]> {
  const results: TurnResult<Report>[] = []
  for (const { turnId } of leftovers) {
    if (setup.signal?.aborted || setup.cancelSignal?.aborted) break
    const adopted = await withRetry(setup, {
      step: 'claim',
      attempt: () => setup.store.adopt(lease, turnId),
    })
    if (adopted === null) continue
    const { turn } = adopted
    const run = openRun(leftoverSetup(setup, turn), { lease: adopted.lease, since }, turn, null)
    if (turn.status === 'running') results.push(await runLeft(setup, run, collector))
    else await finishEnded(run, turn, collector)
  }
  return results
}

/** Does what was left of turns that are over, for a job that came again; nothing while another worker holds the conversation. */
export async function finishSettled(
  setup: TurnSetup,
  collector: ArtifactCollector | undefined,
): Promise<void> {
  const { clock, conversationId, owner, report, store } = setup
  const { leaseMs } = setup.timing
  try {
    const since = instant(clock)
    const claim = await withRetry(setup, {
      step: 'claim',
      signal: setup.signal,
      attempt: () => store.claimConversation({ conversationId, owner, leaseMs }),
    })
    if (!claim.claimed) return
    const { lease } = claim
    const ended = claim.leftovers.filter(({ status }) => status !== 'running')
    try {
      await finishLeftovers(setup, { lease, since }, ended, collector)
    } finally {
      await release(setup, lease)
    }
  } catch (error) {
    report(error, 'claim')
  }
}

/** The caller's cancel is not for this turn: it only makes the worker leave it, and turn to the one that is cancelled. */
async function runLeft<Report>(
  { cancelSignal }: TurnSetup,
  run: TurnRun,
  collector: ArtifactCollector<Report> | undefined,
): Promise<TurnResult<Report>> {
  const unlisten = onAbort(cancelSignal, () => run.interrupter.interrupt({ kind: 'handed_off' }))
  try {
    return await runClaimed(run, collector)
  } finally {
    unlisten()
  }
}

function leftoverSetup(setup: TurnSetup, { turnId }: TurnRecord): TurnSetup {
  return { ...setup, turnId, prompt: null, onReply: undefined, cancelSignal: undefined }
}

async function finishEnded(
  run: TurnRun,
  turn: TurnRecord,
  collector: ArtifactCollector | undefined,
): Promise<void> {
  try {
    run.lease.settling()
    const isPolled = await poll(run)
    const isStopped = await stopIfWorking(run)
    const isKept = turn.status !== 'cancelled' || (isPolled && (await keepPartial(run)))
    const { isDone } = await collectArtifacts(run, collector, turn.settledAt)
    if (isStopped && isKept && isDone) await closeTurn(run)
  } catch (error) {
    run.setup.report(error, 'stop')
  } finally {
    await run.lease.close()
  }
}

async function poll(run: TurnRun): Promise<boolean> {
  const { prompt } = run.delivery
  if (prompt === null || run.reply === null) return true
  try {
    run.schedule.gap()
    await createPoller(run, prompt).poll()
    return true
  } catch (error) {
    run.setup.report(error, 'poll')
    return false
  }
}

async function stopIfWorking(run: TurnRun): Promise<boolean> {
  const { prompt } = run.delivery
  if (prompt === null) return true
  return isProvenStop(await stopAgent(run, prompt))
}
