import type { ConversationLease } from '../records.js'
import type { Tables } from '../tables.js'
import { query } from './query.js'
import { rowKey } from './row-key.js'

/** Moves the expiry of a lease that no one took over or released, and says whether it is held. */
export async function renewLease(
  tables: Tables,
  lease: ConversationLease,
  expiresAt: number,
): Promise<boolean> {
  const { table, columns } = tables.conversations
  const renew = async (to: number): Promise<boolean> => {
    const changed = await query<number>(
      tables,
      `renew the lease of conversation ${lease.conversationId}`,
      (knex) =>
        knex(table)
          .where(rowKey(knex, columns.id, lease.conversationId))
          .where(columns.turnFence, lease.fence)
          .whereNotNull(columns.turnOwner)
          .update({ [columns.turnExpiresAt]: to }),
      { isRepeatable: true },
    )
    return Number(changed) > 0
  }
  // A connection that counts changed rows says 0 when the row had this very expiry: another one shows who holds it.
  return (await renew(expiresAt)) || (await renew(expiresAt + 1))
}
