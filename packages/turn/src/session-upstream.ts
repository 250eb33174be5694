import type { SessionUpstream } from './ports.js'
import type { TurnSetup } from './options.js'

/** The key in an upstream session's metadata that names the attempt to make it, so that a lost one can be found. */
const mintKey = 'turnstead'

/** The server's side of making, finding and ending the session of a conversation. */
export function sessionUpstream(setup: TurnSetup): SessionUpstream {
  const { client } = setup
  return {
    create: ({ token, title }) =>
      client.session.create({
        ...setup.session,
        ...(setup.session.title === undefined && title !== null ? { title } : {}),
        metadata: { [mintKey]: token },
      }),
    async delete(sessionId) {
      await client.session.delete(sessionId)
    },
    async abort(sessionId) {
      await client.session.abort(sessionId)
    },
    async find(token) {
      const sessions = await client.session.list()
      return sessions.find((session) => session.metadata?.[mintKey] === token) ?? null
    },
  }
}
