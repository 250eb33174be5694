import { type Session, WireError } from '@turnstead/wire'
import { withRetry } from '../run/retry.js'
import { requestLimits, type TurnRun } from '../run/run.js'

/** Whether a session on the server is behind what is kept of it: the conversation has gone on elsewhere. */
export async function isBehind(run: TurnRun, session: Session): Promise<boolean> {
  const head = run.history?.head ?? null
  if (head === null || head.sessionId !== session.id) return false
  const isOlder = session.time.updated < head.updatedAt
  // The clocks of two servers may differ, and one that was set back makes what is newer look older: the messages tell.
  if (!isOlder && run.setup.serverName === head.server) return false
  const newest = await withRetry(run.setup, {
    step: 'session',
    signal: run.signal,
    attempt: () => lookFor(run, head),
  })
  return newest === 'missing' || (isOlder && newest === 'open')
}

type Found = 'missing' | 'open' | 'whole'

async function lookFor(
  run: TurnRun,
  { sessionId, newestId }: { readonly sessionId: string; readonly newestId: string },
): Promise<Found> {
  try {
    const { session } = run.server.client
    const { info } = await session.message(sessionId, newestId, requestLimits(run))
    return info.role === 'assistant' && info.time.completed === undefined ? 'open' : 'whole'
  } catch (error) {
    if (!WireError.is(error)) throw error
    if (error.code === 'not_found') return 'missing'
    // It is there and cannot be given out.
    if (error.code === 'unreadable_entry' || error.code === 'response_too_large') return 'whole'
    throw error
  }
}
