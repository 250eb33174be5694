import { toRowId } from '../../values/asserts.js'
import type { SweepReport } from '../../store/upkeep-verbs.js'
import type { Tables } from '../../tables.js'
import { query } from '../query.js'
import { keyText, rowKey } from '../row-key.js'
import { toNumber } from '../row-values.js'

type Freed = SweepReport['freedLeases'][number]

/** Frees leases that expired before a time, the oldest first; each only if no one renewed or took it since it was seen. */
export async function freeLeases(
  tables: Tables,
  { expiredBefore, limit }: { readonly expiredBefore: number; readonly limit: number },
): Promise<{ readonly freed: readonly Freed[]; readonly hasMore: boolean }> {
  const { table, columns } = tables.conversations
  const rows = await query<Record<string, unknown>[]>(
    tables,
    'look for expired leases',
    (knex) =>
      knex(table)
        // Of a name, since SQLite finds what is only not null through no index.
        .where(columns.turnOwner, '>=', '')
        .where(columns.turnExpiresAt, '<', expiredBefore)
        .orderBy(columns.turnExpiresAt)
        .limit(limit)
        .select({
          id: columns.id,
          idtext: keyText(knex, columns.id),
          owner: columns.turnOwner,
          expires: columns.turnExpiresAt,
          fence: columns.turnFence,
        }),
    { isRepeatable: true },
  )
  const freed: Freed[] = []
  for (const row of rows) {
    const conversationId = toRowId(row['id'], row['idtext'])
    const expiredAt = toNumber(row['expires'])
    const changed = await query<number>(
      tables,
      `free the expired lease of conversation ${conversationId}`,
      (knex) =>
        knex(table)
          .where(rowKey(knex, columns.id, conversationId))
          .where(columns.turnFence, toNumber(row['fence']))
          .where(columns.turnExpiresAt, expiredAt)
          .whereNotNull(columns.turnOwner)
          .update({ [columns.turnOwner]: null, [columns.turnExpiresAt]: null }),
    )
    if (Number(changed) > 0) freed.push({ conversationId, owner: String(row['owner']), expiredAt })
  }
  return { freed, hasMore: rows.length === limit }
}
