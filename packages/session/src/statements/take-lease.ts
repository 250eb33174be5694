import type { ConversationLease } from '../records.js'
import type { Tables } from '../tables.js'
import type { LeaseRow } from './find-lease.js'
import { query } from './query.js'
import { rowKey } from './row-key.js'

/** How a lease is taken. */
export interface Taking {
  /** The row as it was seen to be free. */
  readonly seen: LeaseRow
  readonly mark: string
  /** The turn as its row spells it; null for the conversation alone. */
  readonly turnKey: string | null
}

/**
 * Takes a lease that was seen to be free. The fence shows that no one claimed since, the expiry that the holder did not
 * renew since; a release in between only makes it freer. The session and its rules are still those that were seen: the claim
 * reports them, and a holder that is late may have put others there.
 */
export async function takeLease(
  tables: Tables,
  lease: ConversationLease,
  taking: Taking,
): Promise<boolean> {
  const { seen, mark, turnKey } = taking
  const { table, columns } = tables.conversations
  const changed = await query<number>(
    tables,
    `take the lease of conversation ${lease.conversationId}`,
    (knex) =>
      knex(table)
        .where(rowKey(knex, columns.id, lease.conversationId))
        .where({
          [columns.turnFence]: seen.fence,
          [columns.sessionId]: seen.session.sessionId,
          [columns.rules]: seen.session.rules,
        })
        .where((free) => {
          free.whereNull(columns.turnOwner).orWhere(columns.turnExpiresAt, seen.expiresAt)
        })
        .update({
          [columns.turnFence]: lease.fence,
          [columns.turnOwner]: lease.owner,
          [columns.turnInstance]: mark,
          [columns.turnId]: turnKey,
          [columns.turnExpiresAt]: lease.expiresAt,
        }),
  )
  return Number(changed) > 0
}
