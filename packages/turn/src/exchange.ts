import type { Poll } from '@turnstead/reply'
import { listAsks } from './asks.js'
import type { Evidence } from './evidence.js'
import type { PromptRecord } from './ports.js'
import { type RequestLimits, requestLimits, type TurnRun } from './run.js'

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
  const { client, clock } = run.setup
  const { revision } = run.reply
  const hadGap = run.hasGap
  run.hasGap = false
  run.isLookDue = false
  const statuses = await client.session.status(options)
  const messages = await client.session.messages(prompt.sessionId, {}, options)
  const status = toStatus(statuses[prompt.sessionId]?.type)
  const isIdle = status === 'idle'
  const missed = hadGap ? await readMissed(run, prompt.sessionId, options) : {}
  run.reply.reconcile(messages, { revision, sessionIdle: isIdle, ...missed })
  if (hadGap || isIdle) await lookAtSubAgents(run, prompt.sessionId, options)

  const now = clock.now()
  run.idleSince = isIdle ? (run.idleSince ?? now) : null
  run.lookedAt = now
  const isPromptStored = messages.some((message) => message.info.id === prompt.id)
  if (isPromptStored) run.wasPromptStored = true
  return {
    status,
    isPromptStored,
    settled: run.reply.settled({ sessionIdle: isIdle }),
    sessionError: run.sessionError,
    quietMs: now - Math.max(run.heardAt, run.idleSince ?? now),
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
    const children = await run.setup.client.session.children(parent, options)
    for (const child of children) family.add(child.id)
  }
  return family
}

/** What the events of a gap may have told beside messages. */
async function readMissed(run: TurnRun, sessionId: string, options: RequestLimits): Promise<Poll> {
  const family = await readFamily(run, sessionId, options)
  return await listAsks(run, family, options)
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
