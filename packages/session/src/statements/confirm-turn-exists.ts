import type { RowId } from '../records.js'
import type { Tables } from '../tables.js'
import { query } from './query.js'
import { rowKey, unlessImpossible } from './row-key.js'

/**
 * Whether there is this turn, in this conversation where one is given, asked by a write: a connection whose reads lag behind does not see a row that was
 * inserted just now, and a job that took it for missing would forget it.
 */
export async function confirmTurnExists(
  tables: Tables,
  { conversationId, turnId }: { readonly conversationId?: RowId; readonly turnId: RowId },
): Promise<boolean> {
  const { table, columns } = tables.messages
  const confirming = query<number>(
    tables,
    `look for turn ${turnId}`,
    (knex) => {
      const row = knex(table)
        .where(rowKey(knex, columns.id, turnId))
        .whereNotNull(columns.status)
      if (conversationId !== undefined) {
        row.where(rowKey(knex, columns.conversationId, conversationId))
      }
      return row.update({ [columns.turnRevision]: knex.raw('?? + 1', [columns.turnRevision]) })
    },
    { isRepeatable: true },
  )
  return Number(await unlessImpossible(confirming, 0)) > 0
}
