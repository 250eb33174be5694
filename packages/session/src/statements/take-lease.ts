import { query } from '../query.js'
import type { Lease } from '../records.js'
import type { Tables } from '../tables.js'
import type { LeaseRow } from './find-lease.js'

/**
 * Takes a lease that was seen to be free. The fence shows that nobody claimed since, the expiry that the holder did not
 * renew since; a release in between only makes it freer.
 */
export async function takeLease(
  { knex, conversations }: Tables,
  lease: Lease,
  seen: LeaseRow,
): Promise<boolean> {
  const { table, columns } = conversations
  const changed = await query(
    `take the lease of conversation ${lease.conversationId}`,
    knex()(table)
      .where({ [columns.id]: lease.conversationId, [columns.turnFence]: seen.fence })
      .where((free) =>
        free.whereNull(columns.turnOwner).orWhere(columns.turnExpiresAt, seen.expiresAt),
      )
      .update({
        [columns.turnFence]: lease.fence,
        [columns.turnOwner]: lease.owner,
        [columns.turnId]: String(lease.turnId),
        [columns.turnExpiresAt]: lease.expiresAt,
      }),
  )
  return Number(changed) > 0
}
