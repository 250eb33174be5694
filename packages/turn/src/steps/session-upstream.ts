import { WireError } from '@turnstead/wire'
import type { SessionUpstream } from '../ports.js'
import { requestLimits, type TurnRun } from '../run/run.js'

/** The key in an upstream session's metadata that names its conversation, so that a lost one can be found. */
const mintKey = 'turnstead'

/** The server's side of making, finding and ending the session of a conversation. */
export function sessionUpstream(run: TurnRun): SessionUpstream {
  const { client, session: input } = run.setup
  return {
    create: ({ token, title }) => {
      const named = input.title === undefined && title !== null ? { title } : {}
      const metadata = { [mintKey]: token }
      return client.session.create({ ...input, ...named, metadata }, requestLimits(run))
    },
    async delete(sessionId) {
      try {
        // Without the turn's signal: a session that nothing refers to must go, most of all when the turn is broken off.
        await client.session.delete(sessionId, { timeoutMs: run.setup.budgets.requestMs })
      } catch (error) {
        if (!WireError.is(error) || error.code !== 'session_not_found') throw error
      }
    },
    async abort(sessionId) {
      await client.session.abort(sessionId, requestLimits(run))
    },
    async find(token) {
      const sessions = await client.session.list({}, requestLimits(run))
      return sessions.find((session) => session.metadata?.[mintKey] === token) ?? null
    },
  }
}
