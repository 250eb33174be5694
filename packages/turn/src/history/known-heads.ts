import type { HistoryHead, HistoryStore } from '../ports/history.js'
import type { ConversationLease } from '../ports.js'

interface Known {
  readonly fence: number
  readonly head: HistoryHead
}

const mostConversations = 1_000
const stores = new WeakMap<HistoryStore, Map<string, Known>>()

/**
 * Where the history ends, as this process kept it under the claim before this one, or under this one; null when another claim was
 * in between. It saves each turn the question.
 */
export function headBefore(store: HistoryStore, lease: ConversationLease): HistoryHead | null {
  const known = stores.get(store)?.get(String(lease.conversationId))
  if (known === undefined) return null
  const isNext = known.fence === lease.fence || known.fence === lease.fence - 1
  return isNext ? known.head : null
}

/** Notes what was kept under this claim. */
export function noteHead(store: HistoryStore, lease: ConversationLease, head: HistoryHead): void {
  const known = stores.get(store) ?? new Map<string, Known>()
  stores.set(store, known)
  const id = String(lease.conversationId)
  known.delete(id)
  known.set(id, { fence: lease.fence, head: withoutSessions(head) })
  const [oldest] = known.keys()
  if (known.size > mostConversations && oldest !== undefined) known.delete(oldest)
}

/** Of an entry only its place is kept in memory. */
function withoutSessions(head: HistoryHead): HistoryHead {
  const { position, turnId, sessionId, newestId, previousId, updatedAt, server, lacks } = head
  return { position, turnId, sessionId, newestId, previousId, updatedAt, server, lacks }
}
