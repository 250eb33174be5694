import { query } from '../query.js'
import type { RowId } from '../records.js'
import type { Tables } from '../tables.js'
import { toText } from '../row-values.js'

/** A person's stop needs no lease; it must only come before the end. */
export async function cancelTurn(
  { knex, messages }: Tables,
  turnId: RowId,
  cancel: { readonly reason: string | null; readonly now: number },
): Promise<boolean> {
  const { table, columns } = messages
  const changed = await query(
    `cancel turn ${turnId}`,
    knex()(table)
      .where(columns.id, turnId)
      .whereIn(columns.status, ['pending', 'running'])
      .update({
        [columns.status]: 'cancelled',
        [columns.reason]: toText(cancel.reason),
        [columns.settledAt]: cancel.now,
      }),
  )
  return Number(changed) > 0
}
