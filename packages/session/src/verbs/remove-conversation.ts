import type { RowId } from '../records.js'
import type { SessionUpstream } from '../session-upstream.js'
import { findSession } from '../creation/find-session.js'
import { splitKeys } from '../creation/take-creation.js'
import type { Notices } from '../notifying/notices.js'
import { cancelTurn } from '../statements/cancel-turn.js'
import {
  clearConversation,
  closeTurnsOf,
  confirmOpenTurns,
  openTurnsOf,
} from '../statements/upkeep/remove-rows.js'
import type { Tables } from '../tables.js'
import type { RemovedConversation } from '../store/upkeep-verbs.js'
import { untilTaken } from './raced.js'

/** @internal */
export interface RemoveContext {
  readonly tables: Tables
  readonly randomId: () => string
  readonly notices: Pick<Notices, 'notify'>
}

const maxSessionsPerKey = 4
const removed = 'removed'

/**
 * Cancels first, so that the workers stop; deletes upstream what the row names before the row forgets it; and clears the row
 * as it was seen, with a new fence, so that neither a creation nor a worker that began before can put anything back.
 *
 * @internal
 */
export async function removeConversation(
  { tables, notices, randomId }: RemoveContext,
  conversationId: RowId,
  upstream: SessionUpstream,
): Promise<RemovedConversation | null> {
  const { clock } = tables
  const deleted = new Set<string>()
  let isComplete = true
  let cancelledTurns = 0
  const told = new Set<RowId>()
  const isThere = await untilTaken({ clock, row: `conversation ${conversationId}` }, async () => {
    const seen = await findSession(tables, conversationId)
    if (seen === null) return false
    // One by one, since each is an end that someone may wait for.
    for (const turnId of await openTurnsOf(tables, conversationId)) {
      const cancel = { reason: removed, now: clock.now(), by: randomId() }
      if (!(await cancelTurn(tables, turnId, cancel))) continue
      cancelledTurns += 1
      told.add(turnId)
      notices.notify(turnId, 'cancelled')
    }
    // A read that lags behind does not show all of them.
    if (await confirmOpenTurns(tables, conversationId)) return undefined
    if (seen.sessionId !== null) {
      await stopAndDelete(upstream, seen.sessionId)
      deleted.add(seen.sessionId)
    }
    for (const key of splitKeys(seen.keys)) {
      if (!(await deleteByKey(upstream, key, deleted))) isComplete = false
    }
    return (await clearConversation(tables, conversationId, seen)) || undefined
  })
  if (!isThere) return null
  await closeTurnsOf(tables, conversationId, clock.now())
  for (const turnId of told) notices.notify(turnId, 'settled')
  return { cancelledTurns, deletedSessions: [...deleted], isComplete }
}

/** The server goes on with what runs in a session that it deletes. */
async function stopAndDelete(upstream: SessionUpstream, sessionId: string): Promise<void> {
  await upstream.abort(sessionId)
  await upstream.delete(sessionId)
}

/** False when not all sessions could be looked at. */
async function deleteByKey(
  upstream: SessionUpstream,
  key: string,
  deleted: Set<string>,
): Promise<boolean> {
  for (let count = 0; count < maxSessionsPerKey; count += 1) {
    const found = upstream.find === undefined ? 'incomplete' : await upstream.find(key)
    if (found === null) return true
    if (found === 'incomplete') return false
    await stopAndDelete(upstream, found.id)
    deleted.add(found.id)
  }
  return false
}
