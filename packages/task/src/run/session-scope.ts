import { WireError } from '@turnstead/wire'
import { turnEndings } from '@turnstead/turn'
import type { AgentClient } from '../agent-client.js'
import type { RunError } from '../run-output.js'
import type { ConnectedSetup } from './run-setup.js'

/** The key in a session's metadata that says under which scope it was begun. */
export const scopeKey = 'turnstead-task'

const requestMs = 10_000

/**
 * The `scope` under which a session of the tool was begun; null for sessions of others. Who owns that chat pays for the session:
 * for `userOf` of `@turnstead/wire/gateway`. Rejects with a WireError when the server cannot be asked, or has no such session.
 *
 * @example
 * const userOf = async ({ rootSessionId }) => rootSessionId && ownerOf(await scopeOfSession(client, rootSessionId))
 */
export async function scopeOfSession(
  client: Pick<AgentClient, 'session'>,
  sessionId: string,
  options: { readonly signal?: AbortSignal } = {},
): Promise<string | null> {
  const { metadata } = await client.session.get(sessionId, { timeoutMs: requestMs, ...options })
  const scope: unknown = metadata?.[scopeKey]
  return typeof scope === 'string' ? scope : null
}

/** The model names the session, so whose it is is asked of the server. Null when it may be continued. */
export async function refusalOf(
  { client, scope }: Pick<ConnectedSetup, 'client' | 'scope'>,
  sessionId: string,
  { signal, onError }: { readonly signal: AbortSignal; readonly onError: (error: unknown) => void },
): Promise<RunError | null> {
  // For some that are none the server has the answer that it has when it fails.
  if (!/^ses[\w-]*$/.test(sessionId)) return unknownSession
  try {
    return (await scopeOfSession(client, sessionId, { signal })) === scope ? null : unknownSession
  } catch (error) {
    if (signal.aborted) throw error
    const isGone = WireError.is(error) && gone.has(error.code)
    if (!isGone) onError(error)
    const { words, retryable } = turnEndings.server_unreachable
    return isGone ? unknownSession : { code: 'server_unreachable', message: words, retryable }
  }
}

const gone: ReadonlySet<string> = new Set(['session_not_found', 'not_found', 'bad_request'])

/** The same for one that is not there and one of others: it tells nothing about them. */
export const unknownSession: RunError = {
  code: 'session_unknown',
  message: 'There is no such session to continue. Leave `sessionId` out to begin a new one.',
  retryable: false,
}
