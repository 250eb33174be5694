import { toRowId } from '../../values/asserts.js'
import type { RowId } from '../../records.js'
import type { SweepReport } from '../../store/upkeep-verbs.js'
import type { Tables } from '../../tables.js'
import { query } from '../query.js'
import { keyText } from '../row-key.js'
import { splitKeys } from '../../creation/take-creation.js'

const idsPerStatement = 500
/** More creations that did not end are looked at by the next sweep, once those before are over. */
const mostCreations = 1_000

/** Which of these sessions conversations have. */
export async function sessionsInUse(
  tables: Tables,
  sessionIds: readonly string[],
): Promise<ReadonlySet<string>> {
  const { table, columns } = tables.conversations
  const inUse = new Set<string>()
  for (let from = 0; from < sessionIds.length; from += idsPerStatement) {
    const ids = sessionIds.slice(from, from + idsPerStatement)
    const rows = await query<Record<string, unknown>[]>(
      tables,
      'look whose sessions these are',
      (knex) => knex(table).whereIn(columns.sessionId, ids).select({ session: columns.sessionId }),
      { isRepeatable: true },
    )
    for (const row of rows) inUse.add(String(row['session']))
  }
  return inUse
}

/** Keys of creations that did not end: what has one of them is surely ours. */
export async function keysInRows(tables: Tables): Promise<ReadonlySet<string>> {
  const { table, columns } = tables.conversations
  const rows = await query<Record<string, unknown>[]>(
    tables,
    'look for creations that did not end',
    (knex) =>
      knex(table)
        .whereNotNull(columns.createKeys)
        .limit(mostCreations)
        .select({ keys: columns.createKeys }),
    { isRepeatable: true },
  )
  return new Set(rows.flatMap((row) => splitKeys(String(row['keys']))))
}

/** Conversations with a session, in the order of their keys. */
export async function sessionRowsAfter(
  tables: Tables,
  { after, limit }: { readonly after: RowId | null; readonly limit: number },
): Promise<SweepReport['lostSessions']> {
  const { table, columns } = tables.conversations
  const rows = await query<Record<string, unknown>[]>(
    tables,
    'look for conversations with a session',
    (knex) =>
      knex(table)
        .whereNotNull(columns.sessionId)
        .where((row) => {
          if (after !== null) row.where(columns.id, '>', String(after))
        })
        .orderBy(columns.id)
        .limit(limit)
        .select({
          id: columns.id,
          idtext: keyText(knex, columns.id),
          session: columns.sessionId,
        }),
    { isRepeatable: true },
  )
  return rows.map((row) => ({
    conversationId: toRowId(row['id'], row['idtext']),
    sessionId: String(row['session']),
  }))
}
