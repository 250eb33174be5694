import { WireError } from '@turnstead/wire'
import { turnEndings } from '@turnstead/turn'
import type { RunError } from '../run-output.js'
import type { ConnectedSetup } from './run-setup.js'

/** The key in a session's metadata that says under which scope it was begun. */
export const scopeKey = 'turnstead-task'

const requestMs = 10_000

/** The model names the session, so whose it is is asked of the server. Null when it may be continued. */
export async function refusalOf(
  { client, scope }: Pick<ConnectedSetup, 'client' | 'scope'>,
  sessionId: string,
  signal: AbortSignal,
): Promise<RunError | null> {
  try {
    const { metadata } = await client.session.get(sessionId, { timeoutMs: requestMs, signal })
    return metadata?.[scopeKey] === scope ? null : unknownSession
  } catch (error) {
    if (signal.aborted) throw error
    const isGone = WireError.is(error) && !error.retryable
    const { words, retryable } = turnEndings.server_unreachable
    return isGone ? unknownSession : { code: 'server_unreachable', message: words, retryable }
  }
}

/** The same for one that is not there and one of others: it tells nothing about them. */
export const unknownSession: RunError = {
  code: 'session_unknown',
  message: 'There is no such session to continue. Leave `sessionId` out to begin a new one.',
  retryable: false,
}
