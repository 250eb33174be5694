import { query } from '../query.js'
import type { Tables } from '../tables.js'
import type { Creation } from './take-creation.js'

/**
 * Ends a creation that no one took over: with the id of the new session, or with null when there is none. Without one the
 * keys stay, since the server may have created a session after all.
 */
export async function endCreation(
  { knex, conversations }: Tables,
  creation: Creation,
  sessionId: string | null,
): Promise<boolean> {
  const { table, columns } = conversations
  const changed = await query(
    `end the creation for conversation ${creation.conversationId}`,
    knex()(table)
      .where({ [columns.id]: creation.conversationId, [columns.createClaim]: creation.claim })
      .update({
        [columns.sessionId]: sessionId,
        ...(sessionId === null ? {} : { [columns.createKeys]: creation.key }),
        [columns.createClaim]: null,
        [columns.createExpiresAt]: null,
      }),
  )
  return Number(changed) > 0
}
