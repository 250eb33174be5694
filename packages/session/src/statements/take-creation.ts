import { query } from '../query.js'
import type { RowId } from '../records.js'
import type { Tables } from '../tables.js'
import type { SessionRow } from './find-session.js'

/**
 * A creation under way. Its key is new: one that found its way into the row is never looked for again, so a worker that was
 * paused in the middle of its clean-up cannot find, and delete, the session of a later one.
 */
export interface Creation {
  readonly conversationId: RowId
  readonly key: string
  readonly claim: string
  readonly expiresAt: number
}

// What a creation left behind is looked for by its key. Four fit the column, and more pile up only while `find` fails.
const maxKeys = 4

/** Takes the creation from exactly the state that was seen; a stale session id leaves the row here. */
export async function takeCreation(
  { knex, conversations }: Tables,
  creation: Creation,
  seen: SessionRow,
): Promise<boolean> {
  const { table, columns } = conversations
  const changed = await query(
    `take the creation for conversation ${creation.conversationId}`,
    knex()(table)
      .where({
        [columns.id]: creation.conversationId,
        [columns.sessionId]: seen.sessionId,
        [columns.createClaim]: seen.claim,
      })
      .update({
        [columns.sessionId]: null,
        [columns.createKeys]: [...seen.keys, creation.key].slice(-maxKeys).join(' '),
        [columns.createClaim]: creation.claim,
        [columns.createExpiresAt]: creation.expiresAt,
      }),
  )
  return Number(changed) > 0
}
