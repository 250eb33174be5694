import { WireError } from '@turnstead/wire'
import { createMessageReader, type MessageReader } from '../poll/read-messages.js'
import { readSessionTree, statusOf, subAgents } from '../poll/session-tree.js'
import { whoseRun } from '../poll/whose-run.js'
import type { PromptRecord } from '../ports.js'
import type { StopReport } from '../result.js'
import { withinMs } from '../run/deadline.js'
import type { RequestLimits } from '../run/server.js'
import { isPassing } from '../run/passing.js'
import { requestLimits, type TurnRun } from '../run/run.js'
import { rejectAsks, rejectBelow } from '../asks/reject-asks.js'
import { bindToSession, findUpstream } from './session-upstream.js'
import { isSessionGone } from '../upstream.js'

const firstDelayMs = 100
const longestDelayMs = 1_000

/**
 * Stops the agent of this turn and waits for the evidence, within the `stopMs` budget. Never throws: what
 * did not work is in the report. Where the session works on another client's prompt, nothing is aborted.
 */
export async function stopAgent(run: TurnRun, prompt: PromptRecord): Promise<StopReport> {
  const { budgets, clock, report } = run.setup
  const progress = newProgress()
  const expired = (): Error =>
    new Error(`The agent did not stop within ${budgets.stopMs} ms (\`stopMs\`).`)
  run.delivery.stopped()
  try {
    const reader = createMessageReader(run.server.client, prompt)
    const stop = { sessionId: prompt.sessionId, reader, progress }
    await withinMs(clock, { ms: budgets.stopMs, expired }, async (signal) => {
      void stopUnseen(run, stop, signal)
      await stopUntilProven(run, stop, signal)
    })
  } catch (error) {
    report(error, 'stop')
  }
  const { isTold, isProven, hasUnansweredAbort, rejected, asksClosed, idle } = progress
  // The word of a later abort says nothing of an earlier one that may still be carried out; the quiet after it does.
  const aborted = isTold && (isProven || !hasUnansweredAbort)
  return { aborted, rejectedAsks: rejected.size, asksClosed, idle }
}

/** Whether a report shows that nothing of the turn can happen any more. */
export function isProvenStop({ aborted, asksClosed, idle }: StopReport): boolean {
  return aborted && asksClosed && idle
}

interface Stop {
  readonly sessionId: string
  readonly reader: MessageReader
  readonly progress: Progress
}

interface Progress {
  /** The server was asked to abort everything of the turn that was at work. */
  isTold: boolean
  /** The server showed that nothing of the turn can happen any more. */
  isProven: boolean
  /** An abort had no answer: the server may still carry it out, and then it would hit the next turn. */
  hasUnansweredAbort: boolean
  readonly rejected: Set<string>
  asksClosed: boolean
  idle: boolean
  idleSince: number | null
}

function newProgress(): Progress {
  return {
    isTold: false,
    isProven: false,
    hasUnansweredAbort: false,
    rejected: new Set(),
    asksClosed: false,
    idle: false,
    idleSince: null,
  }
}

/** An ask can still be raised, and a prompt arrive, after the abort: so it goes on until the server shows neither. */
async function stopUntilProven(run: TurnRun, stop: Stop, signal: AbortSignal): Promise<void> {
  const { clock, report } = run.setup
  for (let delayMs = firstDelayMs; ;) {
    try {
      await stopOnce(run, stop, signal)
      if (isProven(run, stop.progress)) {
        stop.progress.isProven = true
        return
      }
      delayMs = firstDelayMs
    } catch (error) {
      signal.throwIfAborted()
      if (!isPassing(error)) throw error
      report(error, 'stop')
      delayMs = Math.min(delayMs * 2, longestDelayMs)
    }
    await clock.sleep(delayMs, { signal })
  }
}

/**
 * A server that cannot say what it runs may still stop it. A session into which this process sent the prompt, or in which it
 * has seen it, is then taken to work on it.
 */
async function stopUnseen(run: TurnRun, stop: Stop, signal: AbortSignal): Promise<void> {
  const { budgets, clock, report } = run.setup
  const { sessionId, progress } = stop
  try {
    await clock.sleep(Math.min(budgets.stopMs, budgets.requestMs) / 3, { signal })
    const { hasArrived, isFollowed } = run.delivery
    if (progress.isTold || isFollowed || !(hasArrived || run.usage.hasSent)) return
    await abort(run, sessionId, progress, requestLimits(run, signal))
    progress.isTold = true
  } catch (error) {
    if (!signal.aborted) report(error, 'stop')
  }
}

async function stopOnce(run: TurnRun, stop: Stop, signal: AbortSignal): Promise<void> {
  const { sessionId, progress } = stop
  const limits = requestLimits(run, signal)
  // What a turn knows of itself is seconds old: a list that is slow, or does not come, must not keep the agent at work.
  if (!progress.isTold && isAtWork(run)) {
    await rejectBelow(run, sessionId, progress.rejected, limits)
    await abort(run, sessionId, progress, limits)
    progress.isTold = true
  }
  if (!run.server.isBound) await bindToSession(run, sessionId, limits)
  const statuses = await run.server.client.session.status(limits)
  const owner = await readOwner(run, stop, limits)
  const tree =
    owner === 'gone' ? new Set([sessionId]) : await readSessionTree(run, sessionId, limits)
  const agents = subAgents(run)
  const mayRun = owner === 'ours' || owner === 'gone'
  const busy = [sessionId, ...agents].filter((id) => statusOf(statuses, id) !== 'idle')
  const ours = busy.filter((id) => id !== sessionId || mayRun)
  // Right after its acceptance a run is not in the status map yet, and a deleted session never is.
  if (mayRun && !progress.isTold && !ours.includes(sessionId)) ours.unshift(sessionId)
  if (ours.includes(sessionId)) await rejectBelow(run, sessionId, progress.rejected, limits)
  for (const id of ours) await abort(run, id, progress, limits)
  progress.isTold = true
  progress.idle = busy.every((id) => id === sessionId && !mayRun)
  progress.idleSince = progress.idle ? (progress.idleSince ?? run.setup.clock.now()) : null
  const asking = mayRun ? tree : new Set(agents)
  progress.asksClosed = await rejectAsks(run, asking, progress.rejected, limits)
}

/** The agent has begun to answer this turn's prompt, has not ended, and no one else's prompt came between. */
function isAtWork({ reply, delivery }: TurnRun): boolean {
  if (reply === null || delivery.isFollowed) return false
  const { state } = reply.outcome()
  return state === 'running'
}

/** Whose prompt the session works on; `gone` when the server does not know it any more. */
async function readOwner(
  run: TurnRun,
  { reader, sessionId }: Stop,
  limits: RequestLimits,
): Promise<ReturnType<typeof whoseRun> | 'gone'> {
  const { reply } = run
  if (reply === null) return 'none'
  try {
    const { revision } = reply
    const { messages, isPromptStored } = await reader.read(limits)
    if (isPromptStored) run.delivery.arrived()
    reply.reconcile(messages, { revision })
    // A list that cannot be read for its prompt says nothing; then the session is taken for the turn's own.
    return messages.length === 0 && isPromptStored ? 'ours' : whoseRun(reply, messages)
  } catch (error) {
    if (!isSessionGone(error)) throw error
    run.setup.report(error, 'stop')
    return (await findUpstream(run, sessionId, limits)) === null ? 'gone' : 'ours'
  }
}

async function abort(
  run: TurnRun,
  sessionId: string,
  progress: Progress,
  limits: RequestLimits,
): Promise<void> {
  await run.lease.confirm(limits.signal)
  try {
    await run.server.client.session.abort(sessionId, limits)
  } catch (error) {
    if (WireError.is(error) && error.delivered === 'unknown') progress.hasUnansweredAbort = true
    throw error
  }
}

/** A send, or an abort, that was cut off may still arrive: then the agent starts, or the next turn is hit. */
function isProven(run: TurnRun, progress: Progress): boolean {
  const { asksClosed, hasUnansweredAbort, idle, idleSince } = progress
  if (!asksClosed || !idle || idleSince === null) return false
  const isQuiet = run.setup.clock.now() - idleSince >= run.setup.timing.graceMs
  return isQuiet || (run.delivery.hasArrived && !hasUnansweredAbort)
}
