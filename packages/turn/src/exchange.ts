import type { Evidence } from './evidence.js'
import type { TurnRun } from './run.js'
import type { PromptRecord } from './ports.js'

/**
 * Looks at the server and folds what it says into the reply. The status is read before the messages:
 * a session seen idle has no newer messages than the list that follows.
 *
 * @throws WireError as the client throws it; `session_not_found` when the session is gone.
 */
export async function look(
  run: TurnRun,
  prompt: PromptRecord,
  options: { readonly signal?: AbortSignal } = run,
): Promise<Evidence> {
  const { client, clock } = run.setup
  const statuses = await client.session.status(options)
  const messages = await client.session.messages(prompt.sessionId, {}, options)
  const now = clock.now()

  const status = toStatus(statuses[prompt.sessionId]?.type)
  run.idleSince = status === 'idle' ? (run.idleSince ?? now) : null
  run.lookedAt = now
  run.isLookDue = false

  const before = run.reply.revision
  run.reply.reconcile(messages)
  if (run.reply.revision !== before) run.usage.progressAt = now
  const isPromptStored = messages.some((message) => message.info.id === prompt.id)
  if (isPromptStored) run.wasPromptStored = true

  return {
    status,
    isPromptStored,
    settled: run.reply.settled({ sessionIdle: status === 'idle' }),
    sessionError: run.sessionError,
    quietMs: now - Math.max(run.heardAt, run.idleSince ?? now),
  }
}

/** The session and its sub-agents' sessions, at any depth. */
export async function readFamily(
  run: TurnRun,
  sessionId: string,
  options: { readonly signal?: AbortSignal } = {},
): Promise<ReadonlySet<string>> {
  const family = new Set([sessionId])
  for (const parent of family) {
    const children = await run.setup.client.session.children(parent, options)
    for (const child of children) family.add(child.id)
  }
  return family
}

function toStatus(type: string | undefined): Evidence['status'] {
  if (type === undefined || type === 'idle') return 'idle'
  return type === 'retry' ? 'retry' : 'busy'
}
