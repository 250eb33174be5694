import type { RequestLimits } from '../run/server.js'
import type { TurnRun } from '../run/run.js'

/** What the server's status map says of a session. */
export type SessionStatus = 'busy' | 'retry' | 'idle'

/** Statuses of the directory's sessions, as the server's map gives them. */
export type StatusMap = Readonly<Record<string, { readonly type: string }>>

/** The status of one session: one that is not in the map is idle. */
export function statusOf(statuses: StatusMap, sessionId: string): SessionStatus {
  const type = statuses[sessionId]?.type
  if (type === undefined || type === 'idle') return 'idle'
  return type === 'retry' ? 'retry' : 'busy'
}

/** The sub-agents of this turn: those that earlier turns of the conversation started are not among them. */
export function subAgents(run: TurnRun): readonly string[] {
  return run.reply?.view().children.map((child) => child.sessionId) ?? []
}

/**
 * The session and its sub-agents' sessions. Those of earlier turns are listed, since they may have an ask open, but
 * only this turn's own are looked into: a conversation may have had hundreds.
 */
export async function readSessionTree(
  run: TurnRun,
  sessionId: string,
  options: RequestLimits,
): Promise<ReadonlySet<string>> {
  const tree = new Set([sessionId])
  const parents = [sessionId]
  for (const parent of parents) {
    const sessions = await run.server.client.session.children(parent, options)
    run.reply?.reconcile(undefined, { sessions })
    const own = new Set(subAgents(run))
    for (const { id } of sessions) {
      if (!tree.has(id) && own.has(id)) parents.push(id)
      tree.add(id)
    }
  }
  return tree
}
