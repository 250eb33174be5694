import type { PromptRecord } from '../ports.js'
import type { RequestLimits } from '../run/server.js'
import { isPassing } from '../run/passing.js'
import { requestLimits, type TurnRun } from '../run/run.js'
import { type Evidence, isProof } from './evidence.js'
import { listAsks } from './list-asks.js'
import { isSessionGone } from '../upstream.js'
import { createMessageReader, type Messages } from './read-messages.js'
import {
  readSessionTree,
  type SessionStatus,
  type StatusMap,
  statusOf,
  subAgents,
} from './session-tree.js'
import { whoseRun } from './whose-run.js'

/** What a poll shows, before it is known whether an abort was tried. */
export type Seen = Omit<Evidence, 'isFreed'>

/** Polls the server for one prompt. */
export interface Poller {
  /**
   * Asks the server and folds what it says into the reply. The status is read before the messages: a
   * session seen idle has no newer messages than the list that follows.
   *
   * @throws WireError as the client throws it; `session_not_found` when the session is gone.
   */
  poll(options?: RequestLimits): Promise<Seen>
}

export function createPoller(run: TurnRun, prompt: PromptRecord): Poller {
  const { client } = run.server
  const reader = createMessageReader(client, prompt)
  const doneAgents = new Set<string>()

  return {
    async poll(options = requestLimits(run)) {
      const { reply, schedule } = run
      if (reply === null) throw new Error('a poll needs a prompt')
      const { revision } = reply
      const { readsAsks, hadGap } = schedule.begin()
      if (hadGap) {
        reader.forget()
        doneAgents.clear()
      }
      const statuses = await client.session.status(options)
      const { messages, isPromptStored, older } = await reader.read(options)
      run.history?.seen.add(prompt.sessionId, messages, older)
      const rootStatus = statusOf(statuses, prompt.sessionId)
      const isRootIdle = rootStatus === 'idle'
      // A stream that is behind changes parts that this list has whole, and is then believed.
      const isOutrun = reply.revision !== revision
      if (isOutrun) reader.forget()
      reply.reconcile(messages, { revision, sessionStatus: statuses[prompt.sessionId] ?? null })
      run.others.see(messages, reply)
      if (readsAsks || isRootIdle) {
        await aside(run, () => pollSubAgents(run, { statuses, done: doneAgents }, options))
      }
      if (readsAsks) {
        const isRead = await aside(run, () => readAsks(run, prompt.sessionId, options))
        schedule.asksRead(isRead)
      }

      const busyAgent = subAgents(run).find((id) => statusOf(statuses, id) !== 'idle')
      const status: SessionStatus = isRootIdle && busyAgent !== undefined ? 'busy' : rootStatus
      const isIdle = status === 'idle'
      schedule.succeeded({ isIdle, isSame: reply.revision === revision })
      if (isPromptStored) run.delivery.arrived()
      if (!isRootIdle) run.delivery.atWork()
      const owner = whoseRun(reply, messages)
      // A page on which nothing is of this turn says nothing new about whose the session is.
      const isFollowed = owner === 'none' ? run.delivery.isFollowed : owner === 'theirs'
      run.delivery.followed(isFollowed)
      const outcome = reply.outcome({ sessionIdle: isIdle })
      const ended = reply.outcome()
      if (isOutrun && isProof(ended)) schedule.hint()
      return {
        status,
        isPromptStored,
        outcome,
        ended,
        isFollowed,
        isOutrun,
        sessionError: run.remarks.sessionError,
        quietMs: schedule.quietMs(),
      }
    },
  }
}

/** What is read beside the messages must not keep the turn from its proof when only that cannot be read. */
async function aside(run: TurnRun, read: () => Promise<void>): Promise<boolean> {
  try {
    await read()
    return true
  } catch (error) {
    run.signal.throwIfAborted()
    if (!isPassing(error)) throw error
    run.setup.report(error, 'poll')
    return false
  }
}

/** The events of a gap may have reported asks; a sub-agent must be known before its asks are. */
async function readAsks(run: TurnRun, sessionId: string, options: RequestLimits): Promise<void> {
  if (run.reply === null) return
  const { revision } = run.reply
  const tree = await readSessionTree(run, sessionId, options)
  const asks = await listAsks(run, tree, options)
  run.reply.reconcile(undefined, { revision, ...asks })
}

/** Text, cost and asks of sub-agents come from their own sessions' messages; those that ended are read once more. */
async function pollSubAgents(
  run: TurnRun,
  { statuses, done }: { readonly statuses: StatusMap; readonly done: Set<string> },
  options: RequestLimits,
): Promise<void> {
  const { session } = run.server.client
  const tasks =
    run.reply?.parts.filter((part) => part.kind === 'tool' && part.tool === 'task') ?? []
  if (tasks.length === 0) return
  const isUnlinked = tasks.some((part) => part.kind === 'tool' && part.childSessionId === null)
  if (isUnlinked) {
    const sessions = await session.children(run.reply?.sessionId ?? '', options)
    run.reply?.reconcile(undefined, { sessions })
  }
  for (const child of run.reply?.view().children ?? []) {
    if (done.has(child.sessionId)) continue
    const { revision } = run.reply ?? { revision: 0 }
    const messages = await messagesOf(run, child.sessionId, options)
    // It went with a run that the server has lost.
    if (messages === null) continue
    const sessionIdle = statusOf(statuses, child.sessionId) === 'idle'
    run.history?.seen.add(child.sessionId, messages)
    run.reply?.reconcile(messages, { revision, sessionId: child.sessionId, sessionIdle })
    if (sessionIdle && hasEnded(run, child.toolPartId)) done.add(child.sessionId)
  }
}

/** Null when the server does not know the session. */
async function messagesOf(
  run: TurnRun,
  sessionId: string,
  options: RequestLimits,
): Promise<Messages | null> {
  try {
    return await run.server.client.session.messages(sessionId, {}, options)
  } catch (error) {
    if (isSessionGone(error)) return null
    throw error
  }
}

function hasEnded(run: TurnRun, toolPartId: string | null): boolean {
  if (toolPartId === null) return false
  const part = run.reply?.part(toolPartId)
  return part?.kind === 'tool' && (part.status === 'completed' || part.status === 'error')
}
