import type { Tables } from '../tables.js'
import { query } from '../statements/query.js'
import { rowKey } from '../statements/row-key.js'
import { joinKeys } from './take-creation.js'
import type { Creation } from './take-creation.js'

/**
 * Ends a creation that no one took over: with the new session and the keys that are still to be looked for, or with null
 * when there is none. Then all keys stay, since the server may have created a session after all.
 */
export async function endCreation(
  tables: Tables,
  creation: Creation,
  created: { readonly sessionId: string; readonly keys: readonly string[] } | null,
): Promise<boolean> {
  const { table, columns } = tables.conversations
  const changed = await query<number>(
    tables,
    `end the creation for conversation ${creation.conversationId}`,
    (knex) =>
      knex(table)
        .where(rowKey(knex, columns.id, creation.conversationId))
        .where(columns.createClaim, creation.claim)
        .update({
          [columns.sessionId]: created === null ? null : created.sessionId,
          ...(created === null ? {} : { [columns.createKeys]: joinKeys(created.keys) }),
          [columns.createClaim]: null,
          [columns.createExpiresAt]: null,
        }),
  )
  return Number(changed) > 0
}
