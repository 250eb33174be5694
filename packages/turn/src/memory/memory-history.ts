import type { HistoryEntry, HistoryStore, RowId } from '../ports.js'

/** A history in memory: for tests, and for hosts that move conversations among the servers of one process. */
export function createMemoryHistory(): HistoryStore {
  const conversations = new Map<
    string,
    { readonly fence: number; readonly entry: HistoryEntry }[]
  >()
  const of = (id: RowId): { readonly fence: number; readonly entry: HistoryEntry }[] =>
    conversations.get(String(id)) ?? []
  return {
    async newest(conversationId) {
      const { entry } = of(conversationId).at(-1) ?? { entry: null }
      if (entry === null) return null
      const { sessions: _, ...head } = entry
      return head
    },
    async keep({ conversationId, fence }, entry) {
      const kept = of(conversationId)
      conversations.set(String(conversationId), kept)
      const before = kept[entry.position]
      if (before !== undefined && before.fence > fence) return
      if (entry.position > kept.length) throw new Error('an entry before this one is missing')
      kept[entry.position] = { fence, entry: structuredClone(entry) }
    },
    async read(conversationId) {
      const entries = of(conversationId).map(({ entry }) => entry)
      const whole = entries.findLastIndex(({ previousId }) => previousId === null)
      return structuredClone(entries.slice(Math.max(0, whole)))
    },
  }
}
