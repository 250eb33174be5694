import type { NamedServer } from '../options.js'
import { type ClientUpstream, sessionUpstream, type UpstreamOptions } from '../upstream.js'

/**
 * All servers of a host as one, for `removeConversation` and `sweep`: a conversation that moved has left a session on each. It
 * makes none, since only a turn knows where.
 *
 * @example
 * await store.removeConversation(conversationId, upstreamOfAll(servers))
 */
export function upstreamOfAll(
  servers: readonly NamedServer[],
  options: UpstreamOptions = {},
): ClientUpstream {
  const all = servers.map(({ client }) => sessionUpstream(client, options))
  return {
    create: () => Promise.reject(new TypeError('a session is made on one server')),
    delete: async (sessionId) => {
      await Promise.all(all.map((each) => each.delete(sessionId)))
    },
    abort: async (sessionId) => {
      await Promise.all(all.map((each) => each.abort(sessionId)))
    },
    async find(key) {
      const found = await Promise.all(all.map((each) => each.find(key)))
      const session = found.find((each) => each !== null && each !== 'incomplete')
      return session ?? (found.includes('incomplete') ? 'incomplete' : null)
    },
    async list() {
      const lists = await Promise.all(all.map((each) => each.list()))
      const sessions = lists.flatMap((list) => list.sessions)
      // A session that moved is on several.
      const unique = [...new Map(sessions.map((session) => [session.id, session])).values()]
      return { sessions: unique, isComplete: lists.every(({ isComplete }) => isComplete) }
    },
  }
}
