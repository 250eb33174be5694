import { query } from '../query.js'
import type { Lease } from '../records.js'
import type { Tables } from '../tables.js'

/** Frees a lease that nobody took over. The fence and the message stay: they are the newest claim's. */
export async function releaseLease({ knex, conversations }: Tables, lease: Lease): Promise<void> {
  const { table, columns } = conversations
  await query(
    `release the lease of conversation ${lease.conversationId}`,
    knex()(table)
      .where({ [columns.id]: lease.conversationId, [columns.turnFence]: lease.fence })
      .update({ [columns.turnOwner]: null, [columns.turnExpiresAt]: null }),
  )
}
