import { createPoller } from '../poll/poll.js'
import type { TurnSetup } from '../options.js'
import type { ArtifactCollector, ConversationLease, TurnRecord } from '../ports.js'
import type { StopReport, TurnResult } from '../result.js'
import { onAbort } from '../run/listen.js'
import { type Instant, instant } from '../run/instant.js'
import { withRetry } from '../run/retry.js'
import { openRun, type TurnRun } from '../run/run.js'
import { bindToSession } from './session-upstream.js'
import { closeTurn, release } from './close-turn.js'
import { collectArtifacts } from './collect.js'
import { runClaimed } from './run-claimed.js'
import { keepPartial, storedEnding, toResult } from './settle.js'
import { isClosed } from './stop-early.js'
import { stopAgent } from './stop.js'

/** A conversation that this worker holds. */
export interface HeldConversation {
  readonly lease: ConversationLease
  readonly since: Instant
}

const giveUpAfterMs = 24 * 3_600_000

/**
 * Does what earlier workers left of a conversation's turns, oldest first and before its next turn runs, so that no turn
 * steps over another: a stranded turn is run to its end; of one that is over the agent is stopped if it still works for
 * it, what a cancelled turn had is kept, the files are collected.
 *
 * @yields how each ended that is finished now. Their worker may have died before it could tell the host.
 * @throws the store's error when it stays away.
 */
export async function* finishLeftovers<Report>(
  setup: TurnSetup,
  { lease, since }: HeldConversation,
  leftovers: readonly TurnRecord[],
  collector: ArtifactCollector<Report> | undefined,
): AsyncGenerator<TurnResult<Report>, void> {
  let hasFailed = false
  for (const { turnId, status } of leftovers) {
    // A collector or a server that fails for one of them fails for the others: the next turn must not wait for all.
    if (hasFailed && status !== 'running') continue
    if (setup.signal?.aborted || setup.cancelSignal?.aborted) break
    const adopted = await withRetry(setup, {
      step: 'claim',
      attempt: () => setup.store.adopt(lease, turnId),
    })
    if (adopted === null) continue
    const { turn } = adopted
    const run = openRun(leftoverSetup(setup, turn), { lease: adopted.lease, since }, turn)
    const result =
      turn.status === 'running'
        ? await runLeft(setup, run, collector)
        : await finishEnded(run, turn, collector)
    if (result === null) hasFailed = true
    else yield result
  }
}

/** Does what was left of turns that are over, for a job that came again; nothing while another worker holds the conversation. */
export async function finishSettled<Report>(
  setup: TurnSetup,
  collector: ArtifactCollector<Report> | undefined,
): Promise<TurnResult<Report>[]> {
  const results: TurnResult<Report>[] = []
  const { clock, conversationId, owner, report, store } = setup
  const { leaseMs } = setup.timing
  try {
    const since = instant(clock)
    const claim = await withRetry(setup, {
      step: 'claim',
      signal: setup.signal,
      attempt: () => store.claimConversation({ conversationId, owner, leaseMs }),
    })
    if (!claim.claimed) return results
    const { lease } = claim
    const ended = claim.leftovers.filter(({ status }) => status !== 'running')
    try {
      for await (const result of finishLeftovers(setup, { lease, since }, ended, collector)) {
        results.push(result)
      }
    } finally {
      await release(setup, lease)
    }
  } catch (error) {
    report(error, 'claim')
  }
  return results
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
  const none = { prompt: null, onReply: undefined, cancelSignal: undefined }
  return { ...setup, ...none, turnId, report: setup.reportFor(turnId) }
}

/** @returns how it had ended; null when that could not be finished now. */
async function finishEnded<Report>(
  run: TurnRun,
  turn: TurnRecord,
  collector: ArtifactCollector<Report> | undefined,
): Promise<TurnResult<Report> | null> {
  const startedAt = run.setup.clock.now()
  try {
    run.lease.settling()
    const isPolled = await poll(run)
    const stop = await stopIfWorking(run)
    const isKept = turn.status !== 'cancelled' || (isPolled && (await keepPartial(run)))
    const collected = await collectArtifacts(run, collector, turn.settledAt)
    const { isDone, report: artifacts } = collected
    const isFinished = isClosed(stop) && isKept && isDone
    if (!isFinished && !isOld(run, turn)) return null
    await closeTurn(run, collected.files)
    const durationMs = run.setup.clock.now() - startedAt
    return toResult(run, storedEnding(turn), { stop, artifacts, durationMs })
  } catch (error) {
    run.setup.report(error, 'stop')
    return null
  } finally {
    run.lease.close()
  }
}

/** What could not be finished for a day is not tried before every later turn any more. */
function isOld({ setup }: TurnRun, { settledAt }: TurnRecord): boolean {
  return settledAt !== null && setup.clock.wall() - settledAt > giveUpAfterMs
}

async function poll(run: TurnRun): Promise<boolean> {
  const { prompt } = run.delivery
  if (prompt === null || run.reply === null) return true
  try {
    // Nothing more can be read of a session that is gone: what was stored of it is what there is.
    if (!(await bindToSession(run, prompt.sessionId))) return true
    run.schedule.gap()
    await createPoller(run, prompt).poll()
    return true
  } catch (error) {
    run.setup.report(error, 'poll')
    return false
  }
}

async function stopIfWorking(run: TurnRun): Promise<StopReport | null> {
  const { prompt } = run.delivery
  return prompt === null ? null : await stopAgent(run, prompt)
}
