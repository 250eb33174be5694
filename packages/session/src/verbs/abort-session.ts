import { findSession } from '../creation/find-session.js'
import { SessionError } from '../errors.js'
import type { RowId } from '../records.js'
import type { SessionUpstream } from '../session-upstream.js'
import type { Tables } from '../tables.js'

/** @internal Stops what runs in the conversation's session. False when it has none. */
export async function abortSession(
  tables: Tables,
  conversationId: RowId,
  upstream: Pick<SessionUpstream, 'abort'>,
): Promise<boolean> {
  const row = await findSession(tables, conversationId)
  if (row === null) {
    throw new SessionError(
      'conversation_not_found',
      `No conversation has the id ${conversationId}.`,
    )
  }
  if (row.sessionId === null) return false
  await upstream.abort(row.sessionId)
  return true
}
