import { flag, string } from '../records/fields.js'
import { goesOn } from './run-end.js'
import { visibleParts } from '../state/state.js'
import type { ReplyState, SessionState } from '../state/state.js'
import { namedSession, taskTool } from '../state/task-call.js'

/**
 * The sub-agents that were started in the background and whose result did not come back to the agent yet.
 *
 * The call that started one is completed at once. When it is done the server writes its result into the session as a
 * message of its own, and the agent goes on.
 */
export function unreturned(state: ReplyState): readonly string[] {
  const sessions = [...state.sessions.values()]
  const returned = new Set(
    sessions.flatMap(({ messages }) => [...messages.values()].map(({ resultOf }) => resultOf)),
  )
  const started = sessions.flatMap(visibleParts).flatMap(({ body }) => {
    if (body?.kind !== 'tool' || body.tool !== taskTool || body.status !== 'completed') return []
    const id = namedSession(body)
    const metadata = body.metadata ?? {}
    const isInBackground =
      flag(metadata, 'background') || runningResult.test(string(body, 'output') ?? '')
    return isInBackground && id !== null && !returned.has(id) ? [id] : []
  })
  return Object.freeze([...new Set(started)])
}

const runningResult = /^<task id="ses_\w+" state="running">/

/** Whether a sub-agent is still at work, as far as its messages and its status tell. */
export function isAtWork(session: SessionState | undefined): boolean {
  if (session === undefined) return true
  if (session.status === 'idle' || session.status === 'deleted') return false
  const newest = session.order.findLast(({ role }) => role === 'assistant')
  return newest === undefined || newest.completedAt === null || goesOn(newest)
}
