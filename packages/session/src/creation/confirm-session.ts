import type { Knex } from 'knex'
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
  const { columns } = tables.conversations
  const what = `look for the session of conversation ${conversationId}`
  return confirm(tables, what, sessionId, (knex) => rowKey(knex, columns.id, conversationId))
}

/** Whether any conversation has this session, asked in the same way. */
export async function isSessionInUse(tables: Tables, sessionId: string): Promise<boolean> {
  return confirm(tables, `look whose session ${sessionId} is`, sessionId)
}

async function confirm(
  tables: Tables,
  what: string,
  sessionId: string,
  of?: (knex: Knex) => Knex.QueryCallback,
): Promise<boolean> {
  const { table, columns } = tables.conversations
  // Two values, for a connection that counts only rows that changed.
  for (const expiresAt of [0, 1]) {
    const changed = await query<number>(
      tables,
      what,
      (knex) => {
        const row = knex(table).where({
          [columns.sessionId]: sessionId,
          [columns.createClaim]: null,
        })
        if (of !== undefined) row.where(of(knex))
        return row.update({ [columns.createExpiresAt]: expiresAt })
      },
      { isRepeatable: true },
    )
    if (Number(changed) > 0) return true
  }
  return false
}
