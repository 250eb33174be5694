import { WireError } from '@turnstead/wire'
import { listAsks } from '../steps/attend-asks.js'
import type { Evidence } from './evidence.js'
import type { PromptRecord } from '../ports.js'
import { type RequestLimits, requestLimits, type TurnRun } from '../run/run.js'

/** So many silent looks may pass before one reads the asks too: a stream that is down does not tell of them. */
const looksPerAskList = 4

type Messages = Awaited<ReturnType<TurnRun['setup']['client']['session']['messages']>>

/**
 * Looks at the server and folds what it says into the reply. The status is read before the messages: a
 * session seen idle has no newer messages than the list that follows.
 *
 * @throws WireError as the client throws it; `session_not_found` when the session is gone.
 */
export async function look(
  run: TurnRun,
  prompt: PromptRecord,
  options: RequestLimits = requestLimits(run),
): Promise<Evidence> {
  const { client, clock, pollMs } = run.setup
  const { revision } = run.reply
  const readsAsks = run.hasGap || clock.now() >= run.asksReadAt + looksPerAskList * pollMs
  run.hasGap = false
  run.isLookDue = false
  const statuses = await client.session.status(options)
  const { messages, isPromptStored } = await readExchange(run, prompt, options)
  const status = toStatus(statuses[prompt.sessionId]?.type)
  const isIdle = status === 'idle'
  run.reply.reconcile(messages, { revision, sessionIdle: isIdle })
  if (readsAsks || isIdle) await lookAtSubAgents(run, prompt.sessionId, options)
  if (readsAsks) await readAsks(run, prompt.sessionId, options)

  const now = clock.now()
  const isSame = run.reply.revision === revision
  run.idleSince = isIdle ? ((isSame ? run.idleSince : null) ?? now) : null
  run.lookedAt = now
  if (isPromptStored) run.delivery = 'sent'
  const settled = run.reply.settled({ sessionIdle: isIdle })
  if (settled.state !== 'unknown') run.usage.firstEventAt ??= now
  return {
    status,
    isPromptStored,
    settled,
    sessionError: run.sessionError,
    quietMs: now - Math.max(run.heardAt, run.idleSince ?? now),
  }
}

/** Whether the server has the user message of this prompt. */
export async function isStored(
  run: TurnRun,
  prompt: PromptRecord,
  options: RequestLimits,
): Promise<boolean> {
  try {
    await run.setup.client.session.message(prompt.sessionId, prompt.id, options)
    return true
  } catch (error) {
    if (WireError.is(error) && error.code === 'not_found') return false
    throw error
  }
}

/** The session and its sub-agents' sessions, at any depth. */
export async function readFamily(
  run: TurnRun,
  sessionId: string,
  options: RequestLimits,
): Promise<ReadonlySet<string>> {
  const family = new Set([sessionId])
  for (const parent of family) {
    const sessions = await run.setup.client.session.children(parent, options)
    run.reply.reconcile(undefined, { sessions })
    for (const child of sessions) family.add(child.id)
  }
  return family
}

/** The newest messages, back to the prompt: what was said before may be longer than anybody wants to read. */
async function readExchange(
  run: TurnRun,
  prompt: PromptRecord,
  options: RequestLimits,
): Promise<{ readonly messages: Messages; readonly isPromptStored: boolean }> {
  for (;;) {
    const limit = run.lookMessages
    const messages = await run.setup.client.session.messages(prompt.sessionId, { limit }, options)
    const isListed = messages.some((message) => message.info.id === prompt.id)
    if (isListed || messages.length < limit) return { messages, isPromptStored: isListed }
    if (!(await isStored(run, prompt, options))) return { messages, isPromptStored: false }
    run.lookMessages *= 2
  }
}

/** The events of a gap may have told of asks; a sub-agent must be known before its asks are. */
async function readAsks(run: TurnRun, sessionId: string, options: RequestLimits): Promise<void> {
  const { revision } = run.reply
  const family = await readFamily(run, sessionId, options)
  const asks = await listAsks(run, family, options)
  run.reply.reconcile(undefined, { revision, ...asks })
  run.asksReadAt = run.setup.clock.now()
}

/** Text, cost and asks of sub-agents come from their own sessions' messages. */
async function lookAtSubAgents(
  run: TurnRun,
  sessionId: string,
  options: RequestLimits,
): Promise<void> {
  const { session } = run.setup.client
  const hasSubAgents = run.reply.parts.some((part) => part.kind === 'tool' && part.tool === 'task')
  if (!hasSubAgents) return
  const parents = [sessionId]
  for (const parent of parents) {
    const sessions = await session.children(parent, options)
    run.reply.reconcile(undefined, { sessions })
    for (const child of sessions) {
      const { revision } = run.reply
      const messages = await session.messages(child.id, {}, options)
      run.reply.reconcile(messages, { revision, sessionId: child.id })
      parents.push(child.id)
    }
  }
}

function toStatus(type: string | undefined): Evidence['status'] {
  if (type === undefined || type === 'idle') return 'idle'
  return type === 'retry' ? 'retry' : 'busy'
}
