import type { Clock } from '../clock.js'
import type { ServerRows } from '../ports/servers.js'
import { conversationOf, isCurrent, type Rows } from './rows.js'

/** On which server each conversation is, and what was said of servers. */
export function createMemoryServers(rows: Rows, clock: Clock): ServerRows {
  const isBusy = (id: string): boolean => {
    const conversation = rows.conversations.get(id)
    if (conversation === undefined) return false
    if (conversation.owner !== null && conversation.expiresAt > clock.now()) return true
    return [...rows.turns.values()].some(
      (turn) =>
        turn.status === 'running' && turn.prompt !== null && String(turn.conversationId) === id,
    )
  }
  return {
    async placeConversation(lease, { server }) {
      const conversation = conversationOf(rows, lease.conversationId)
      if (conversation === undefined || !isCurrent(rows, lease)) return false
      conversation.server = server
      return true
    },
    serverOf: async (conversationId) => conversationOf(rows, conversationId)?.server ?? null,
    async markServer({ name, state }) {
      if (name === '') throw new TypeError('`name` must be the name of a server')
      rows.servers.set(name, state)
    },
    markedServers: async () => [...rows.servers].map(([name, state]) => ({ name, state })),
    async knownServers() {
      const places = [...rows.conversations.values()].flatMap(({ server }) => server ?? [])
      return [...new Set([...places, ...rows.servers.keys()])]
    },
    async serverLoads() {
      const loads = new Map<string, number>()
      for (const [id, { server }] of rows.conversations) {
        if (server !== null && isBusy(id)) loads.set(server, (loads.get(server) ?? 0) + 1)
      }
      return [...loads].map(([name, busy]) => ({ name, busy }))
    },
  }
}
