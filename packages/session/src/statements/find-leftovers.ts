import type { Knex } from 'knex'
import { toRowId } from '../values/asserts.js'
import { SessionError } from '../errors.js'
import type { ConversationLease, TurnRecord } from '../records.js'
import type { MessageColumns, Tables } from '../tables.js'
import { query } from './query.js'
import { turnFields } from './read-turn.js'
import { keyText } from './row-key.js'
import { toTurnRecord } from './row-values.js'

export const maxLeftovers = 8

/** Left running, or ended with something upstream to put in order. */
export function isLeftover(columns: MessageColumns): Knex.QueryCallback {
  return (row) => {
    row
      // Also what runs is not closed. Both lists begin an index, so that old turns cost nothing.
      .whereIn(columns.status, ['running', 'waiting', 'completed', 'failed', 'cancelled'])
      .whereNull(columns.closedAt)
      .where((any) => {
        any.whereIn(columns.status, ['running', 'waiting']).orWhereNotNull(columns.promptId)
      })
  }
}

/** What earlier claims of the conversation left unfinished, oldest first. */
export async function findLeftovers(
  tables: Tables,
  lease: ConversationLease,
): Promise<readonly TurnRecord[]> {
  const rows = await query<Record<string, unknown>[]>(
    tables,
    `look for leftovers of conversation ${lease.conversationId}`,
    (knex) =>
      buildLeftovers(tables, knex, lease)
        .limit(maxLeftovers)
        .select(leftoverFields(knex, tables.messages.columns)),
    { isRepeatable: true },
  )
  return toLeftovers(rows)
}

/** The rows of {@link findLeftovers}, without what is read of them. */
export function buildLeftovers(
  { messages }: Tables,
  knex: Knex,
  lease: ConversationLease,
): Knex.QueryBuilder {
  const { table, columns } = messages
  return knex(table)
    .where(columns.conversationId, String(lease.conversationId))
    .where(columns.turnFence, '<', lease.fence)
    .where(isLeftover(columns))
    .orderBy([columns.startedAt, columns.id])
}

export function leftoverFields(
  knex: Knex,
  columns: MessageColumns,
): Record<string, string | Knex.Raw> {
  return { turn: columns.id, turntext: keyText(knex, columns.id), ...turnFields(knex, columns) }
}

export function toLeftovers(rows: readonly Record<string, unknown>[]): readonly TurnRecord[] {
  return rows.slice(0, maxLeftovers).flatMap((row) => readable(row))
}

/** A damaged row must not keep the conversation's next turn from running. */
function readable(row: Record<string, unknown>): TurnRecord[] {
  try {
    return [toTurnRecord(toRowId(row['turn'], row['turntext']), row)]
  } catch (error) {
    if (SessionError.is(error)) return []
    throw error
  }
}
