import { string } from '../records/fields.js'
import type { SessionState, ToolBody } from './state.js'

/** The name of the tool that starts sub-agents. */
export const taskTool = 'task'

const sessionInResult = /^(?:<task id="|Subagent failed \(task_id: )(ses_\w+)/

/** The session that a call of the task tool names itself: in its metadata or in its result, often not while it runs. */
export function namedSession(body: ToolBody): string | null {
  const stated = string(body.metadata ?? {}, 'sessionId')
  return stated ?? sessionInResult.exec(body.output ?? body.error ?? '')?.[1] ?? null
}

/** Whether the server made the session's title of this call's description and agent. */
export function isTitleOf(session: SessionState, body: ToolBody): boolean {
  const description = string(body.input, 'description')
  const agent = string(body.input, 'subagent_type')
  return description !== null && session.title === `${description} (@${agent} subagent)`
}
