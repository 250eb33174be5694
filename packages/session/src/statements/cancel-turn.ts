import type { RowId } from '../records.js'
import type { Tables } from '../tables.js'
import { query } from './query.js'
import { rowKey, unlessImpossible } from './row-key.js'
import { toText } from './row-values.js'

/** The user's cancel needs no lease; it must only come before the end. */
export async function cancelTurn(
  tables: Tables,
  turnId: RowId,
  cancel: { readonly reason: string | null; readonly now: number },
): Promise<boolean> {
  const { table, columns } = tables.messages
  const cancelling = query<number>(tables, `cancel turn ${turnId}`, (knex) =>
    knex(table)
      .where(rowKey(knex, columns.id, turnId))
      .whereIn(columns.status, ['pending', 'running'])
      .update({
        [columns.status]: 'cancelled',
        [columns.reason]: toText(cancel.reason),
        [columns.settledAt]: cancel.now,
        [columns.waitingSince]: null,
        [columns.turnRevision]: knex.raw('?? + 1', [columns.turnRevision]),
      }),
  )
  return Number(await unlessImpossible(cancelling, 0)) > 0
}
