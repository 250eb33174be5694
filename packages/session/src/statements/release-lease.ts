import type { Knex } from 'knex'
import type { ConversationLease } from '../records.js'
import type { Tables } from '../tables.js'
import { query } from './query.js'
import { rowKey } from './row-key.js'

/** Frees a lease that no one took over. The fence and the message stay: they are the newest claim's. */
export async function releaseLease(
  tables: Tables,
  lease: Pick<ConversationLease, 'conversationId'> & { readonly fence: number | null },
  /** Of one claim only, for one that does not know whether it took the lease, or under which fence. */
  mark?: string,
): Promise<void> {
  const { table, columns } = tables.conversations
  const what = `release the lease of conversation ${lease.conversationId}`
  const release = (knex: Knex): Knex.QueryBuilder =>
    knex(table)
      .where(rowKey(knex, columns.id, lease.conversationId))
      .where(lease.fence === null ? {} : { [columns.turnFence]: lease.fence })
      .where(mark === undefined ? {} : { [columns.turnInstance]: mark })
      .update({ [columns.turnOwner]: null, [columns.turnExpiresAt]: null })
  await query(tables, what, release, { isRepeatable: true })
}
