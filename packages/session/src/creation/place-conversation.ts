import type { ConversationLease, RowId } from '../records.js'
import { query } from '../statements/query.js'
import { rowKey, unlessImpossible } from '../statements/row-key.js'
import { toNumber } from '../statements/row-values.js'
import type { Tables } from '../tables.js'

/** Notes on which server a conversation is, if the lease is the newest. */
export async function placeConversation(
  tables: Tables,
  lease: Pick<ConversationLease, 'conversationId' | 'fence'>,
  server: string,
): Promise<boolean> {
  const { table, columns } = tables.conversations
  const changed = await query<number>(
    tables,
    `note on which server conversation ${lease.conversationId} is`,
    (knex) =>
      knex(table)
        .where(rowKey(knex, columns.id, lease.conversationId))
        .where({ [columns.turnFence]: lease.fence })
        .update({ [columns.server]: server }),
    { isRepeatable: true },
  )
  if (Number(changed) > 0) return true
  // A connection that counts changed rows says 0 when the row said it already.
  const row = await findPlace(tables, lease.conversationId)
  return row?.fence === lease.fence && row.server === server
}

/** Null when there is no such conversation. */
export async function findPlace(
  tables: Tables,
  conversationId: RowId,
): Promise<{ readonly server: string | null; readonly fence: number } | null> {
  const { table, columns } = tables.conversations
  const finding = query<Record<string, unknown> | undefined>(
    tables,
    `read on which server conversation ${conversationId} is`,
    (knex) =>
      knex(table)
        .where(rowKey(knex, columns.id, conversationId))
        .first({ server: columns.server, fence: columns.turnFence }),
    { isRepeatable: true },
  )
  const row = await unlessImpossible(finding, undefined)
  if (row === undefined) return null
  return { server: (row['server'] ?? null) as string | null, fence: toNumber(row['fence']) }
}
