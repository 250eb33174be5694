import { placeTurn } from '../place/place-turn.js'
import { createPoller } from '../poll/poll.js'
import type { TurnSetup } from '../options.js'
import type { ArtifactCollector, ConversationLease, TurnRecord } from '../ports.js'
import { type StopReport, type TurnResult, waitsForPerson } from '../result.js'
import { endedLeftovers } from '../inbox/split-leftovers.js'
import { learnSteers } from '../inbox/steers.js'
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
  leftovers: readonly Pick<TurnRecord, 'turnId' | 'status'>[],
  collector: ArtifactCollector<Report> | undefined,
): AsyncGenerator<TurnResult<Report>, void> {
  let hasFailed = false
  const line = [...leftovers]
  const known = new Set([setup.turnId, ...line.map(({ turnId }) => turnId)].map(String))
  for (const { turnId, status } of line) {
    // A collector or a server that fails for one of them fails for the others: the next turn must not wait for all.
    if (hasFailed && status !== 'running' && status !== 'waiting') continue
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
    // What was given to its agent meanwhile comes after it.
    const steered = turn.status === 'running' ? run.others.steered : []
    for (const each of steered) {
      if (known.has(String(each))) continue
      known.add(String(each))
      line.push({ turnId: each, status: 'running' })
    }
    if (result === null) {
      hasFailed = true
      continue
    }
    yield result
    // Whatever comes after it would be given to its agent.
    if (waitsForPerson(result)) return
  }
}

/**
 * Runs the turns whose messages were given to the agent of a turn that is over, each to its own end: most often the server is at their
 * answer already. What cannot be run now is found as every turn that was begun.
 *
 * @yields how each of them ended.
 */
export async function* finishSteered<Report>(
  run: TurnRun,
  held: HeldConversation,
  left: readonly TurnRecord[],
  collector: ArtifactCollector<Report> | undefined,
): AsyncGenerator<TurnResult<Report>, void> {
  const known = new Set(left.map(({ turnId }) => String(turnId)))
  const steered = run.others.steered.filter((turnId) => !known.has(String(turnId)))
  const turns = [...left, ...steered.map((turnId) => ({ turnId, status: 'running' as const }))]
  if (turns.length === 0) return
  // The user's cancel was for the turn that is over.
  const setup = { ...run.setup, cancelSignal: undefined }
  try {
    yield* finishLeftovers(setup, held, turns, collector)
  } catch (error) {
    // It is over, whatever becomes of these.
    run.setup.report(error, 'inbox')
  }
}

/** Turns whose ends were finished. */
interface FinishedTurns<Report> {
  readonly results: readonly TurnResult<Report>[]
  readonly turns: readonly TurnRecord[]
}

/** Does what was left of turns that are over, for a job that came again; nothing while another worker holds the conversation. */
export async function finishSettled<Report>(
  setup: TurnSetup,
  collector: ArtifactCollector<Report> | undefined,
): Promise<FinishedTurns<Report>> {
  const results: TurnResult<Report>[] = []
  const finished = { results, turns: [] }
  const { clock, conversationId, owner, report, store } = setup
  const { leaseMs } = setup.timing
  try {
    const since = instant(clock)
    const claim = await withRetry(setup, {
      step: 'claim',
      signal: setup.signal,
      attempt: () => store.claimConversation({ conversationId, owner, leaseMs }),
    })
    if (!claim.claimed) return finished
    const { lease } = claim
    const ended = endedLeftovers(claim.leftovers)
    try {
      const home = claim.server ?? null
      const placed =
        ended.length === 0 ? setup : await placeTurn(setup, { lease, home, isUnderWay: true })
      if ('status' in placed) return finished
      for await (const result of finishLeftovers(placed, { lease, since }, ended, collector)) {
        results.push(result)
      }
    } finally {
      await release(setup, lease)
    }
    return { results, turns: ended }
  } catch (error) {
    report(error, 'claim')
    return finished
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
    await learnSteers(run)
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
