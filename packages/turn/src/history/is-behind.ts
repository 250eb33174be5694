import { type Session, WireError } from '@turnstead/wire'
import { requestLimits, type TurnRun } from '../run/run.js'

/** Whether a session on the server is behind what is kept of it: the conversation has gone on elsewhere. */
export async function isBehind(run: TurnRun, session: Session): Promise<boolean> {
  const head = run.history?.head ?? null
  if (head === null || head.sessionId !== session.id) return false
  if (session.time.updated < head.updatedAt) return true
  // The clocks of two servers may differ.
  if (run.setup.serverName === head.server) return false
  try {
    const { client } = run.server
    await client.session.message(head.sessionId, head.newestId, requestLimits(run))
    return false
  } catch (error) {
    if (WireError.is(error) && error.code === 'not_found') return true
    throw error
  }
}
