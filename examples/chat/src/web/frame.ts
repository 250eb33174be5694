import type { ConversationList } from '../rows/conversation-list.js'
import type { AgentNote } from '../views/agent-note.js'
import type { Frame, Reader } from '../views/layout.js'

export interface FrameOptions extends AgentNote {
  /** Those of who asks. */
  readonly list: ConversationList
  readonly reader: Reader | null
  readonly currentId: number | null
  readonly search?: string
  readonly now?: number
}

/** What stands around every page. */
export async function makeFrame(options: FrameOptions): Promise<Frame> {
  const { list, model, agent, reader, currentId, search = '', now = Date.now() } = options
  const [conversations, costToday] = await Promise.all([
    list.all({ search }),
    list.costSince(startOfDay(now)),
  ])
  return { conversations, search, currentId, costToday, reader, model, agent, now }
}

/** The day of this machine. */
export function startOfDay(now: number): number {
  return new Date(now).setHours(0, 0, 0, 0)
}
