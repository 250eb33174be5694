import type { Knex } from 'knex'
import type { RowId } from '../../records.js'
import type { Tables } from '../../tables.js'
import type { SessionRow } from '../../creation/find-session.js'
import { query } from '../query.js'
import { keyText, rowKey } from '../row-key.js'
import { toRowId } from '../../values/asserts.js'

/** The turns of a conversation that are not over. */
export async function openTurnsOf(
  tables: Tables,
  conversationId: RowId,
): Promise<readonly RowId[]> {
  const { table, columns } = tables.messages
  const rows = await query<Record<string, unknown>[]>(
    tables,
    `look for the turns of conversation ${conversationId}`,
    (knex) =>
      isOpen(knex(table).where(columns.conversationId, String(conversationId)), columns).select({
        id: columns.id,
        idtext: keyText(knex, columns.id),
      }),
    { isRepeatable: true },
  )
  return rows.map((row) => toRowId(row['id'], row['idtext']))
}

/** Whether a conversation has turns that are not over, asked by a write: a read may not show them yet. */
export async function confirmOpenTurns(tables: Tables, conversationId: RowId): Promise<boolean> {
  const { columns } = tables.messages
  const changed = await updateTurnsOf(tables, conversationId, (knex, row) =>
    isOpen(row, columns).update({
      [columns.turnRevision]: knex.raw('?? + 1', [columns.turnRevision]),
    }),
  )
  return changed > 0
}

/** Closes every turn of a conversation: nothing of them is left upstream. */
export async function closeTurnsOf(
  tables: Tables,
  conversationId: RowId,
  now: number,
): Promise<void> {
  const { columns } = tables.messages
  await updateTurnsOf(tables, conversationId, (knex, row) =>
    row
      .whereIn(columns.status, ['completed', 'failed', 'cancelled'])
      .whereNull(columns.closedAt)
      .update({
        [columns.closedAt]: now,
        [columns.turnRevision]: knex.raw('?? + 1', [columns.turnRevision]),
      }),
  )
}

function isOpen(row: Knex.QueryBuilder, columns: Tables['messages']['columns']): Knex.QueryBuilder {
  return row.whereIn(columns.status, ['pending', 'running', 'waiting']).whereNull(columns.closedAt)
}

async function updateTurnsOf(
  tables: Tables,
  conversationId: RowId,
  update: (knex: Knex, row: Knex.QueryBuilder) => Knex.QueryBuilder,
): Promise<number> {
  const { table, columns } = tables.messages
  const changed = await query<number>(
    tables,
    `look at the turns of conversation ${conversationId}`,
    (knex) =>
      update(
        knex,
        knex(table).where(columns.conversationId, String(conversationId)),
      ) as Knex.QueryBuilder<object, number>,
  )
  return Number(changed)
}

/** Empties the columns of a conversation whose session is as it was seen, and makes every lease on it worthless. */
export async function clearConversation(
  tables: Tables,
  conversationId: RowId,
  seen: SessionRow,
): Promise<boolean> {
  const { table, columns } = tables.conversations
  const changed = await query<number>(tables, `clear conversation ${conversationId}`, (knex) =>
    knex(table)
      .where(rowKey(knex, columns.id, conversationId))
      .where({
        [columns.sessionId]: seen.sessionId,
        [columns.createClaim]: seen.claim,
        [columns.createKeys]: seen.keys,
      })
      .update({
        [columns.sessionId]: null,
        [columns.createKeys]: null,
        [columns.createClaim]: null,
        [columns.createExpiresAt]: null,
        [columns.rules]: null,
        [columns.sessionTitle]: null,
        [columns.server]: null,
        [columns.turnFence]: knex.raw('?? + 1', [columns.turnFence]),
        [columns.turnOwner]: null,
        [columns.turnInstance]: null,
        [columns.turnId]: null,
        [columns.turnExpiresAt]: null,
      }),
  )
  return Number(changed) > 0
}
