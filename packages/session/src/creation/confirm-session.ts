import type { RowId } from '../records.js'
import type { Tables } from '../tables.js'
import { query } from '../statements/query.js'
import { rowKey } from '../statements/row-key.js'

/**
 * Whether a conversation has this session and no creation runs, asked by a write: a read may see an older row, and what it
 * does not show would be deleted. The expiry means nothing without a claim.
 */
export async function confirmSession(
  tables: Tables,
  { conversationId, sessionId }: { readonly conversationId: RowId; readonly sessionId: string },
): Promise<boolean> {
  const { table, columns } = tables.conversations
  const confirm = async (expiresAt: number): Promise<boolean> => {
    const changed = await query<number>(
      tables,
      `look for the session of conversation ${conversationId}`,
      (knex) =>
        knex(table)
          .where(rowKey(knex, columns.id, conversationId))
          .where({ [columns.sessionId]: sessionId, [columns.createClaim]: null })
          .update({ [columns.createExpiresAt]: expiresAt }),
      { isRepeatable: true },
    )
    return Number(changed) > 0
  }
  // Two values, for a connection that counts only rows that changed.
  return (await confirm(0)) || (await confirm(1))
}
