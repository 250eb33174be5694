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
  created: {
    readonly sessionId: string
    readonly keys: readonly string[]
    /** The claim may have expired no earlier: a sweep takes an older session for one that no one will store. */
    readonly expiredSince: number
  } | null,
): Promise<boolean> {
  const { table, columns } = tables.conversations
  const changed = await query<number>(
    tables,
    `end the creation for conversation ${creation.conversationId}`,
    (knex) =>
      knex(table)
        .where(rowKey(knex, columns.id, creation.conversationId))
        .where(columns.createClaim, creation.claim)
        .where((row) => {
          if (created !== null) row.where(columns.createExpiresAt, '>', created.expiredSince)
        })
        .update({
          [columns.sessionId]: created === null ? null : created.sessionId,
          ...(created === null
            ? {}
            : { [columns.createKeys]: joinKeys(created.keys), [columns.rules]: creation.rules }),
          [columns.createClaim]: null,
          [columns.createExpiresAt]: null,
        }),
  )
  return Number(changed) > 0
}
