import type { Knex } from 'knex'
import type { RowId } from '../records.js'
import type { Tables } from '../tables.js'
import { query } from './query.js'
import { keyText, rowKey, unlessImpossible } from './row-key.js'
import { toText } from './row-values.js'
import { ended, telling } from '../events/tell.js'

/** The user's cancel needs no lease; it must only come before the end. */
export async function cancelTurn(
  tables: Tables,
  turnId: RowId,
  cancel: {
    readonly reason: string | null
    readonly now: number
    /** Of this call alone. */
    readonly by: string
  },
): Promise<boolean> {
  const { table, columns } = tables.messages
  const build = (knex: Knex): Knex.QueryBuilder =>
    knex(table)
      .where(rowKey(knex, columns.id, turnId))
      .whereIn(columns.status, ['pending', 'running'])
      .update({
        [columns.status]: 'cancelled',
        [columns.reason]: toText(cancel.reason),
        [columns.settledAt]: cancel.now,
        [columns.waitingSince]: null,
        // Nothing follows the end of a turn that no one ever claimed.
        [columns.closedAt]: knex.raw('case when ?? = 0 then ? else ?? end', [
          columns.turnFence,
          cancel.now,
          columns.closedAt,
        ]),
        [columns.turnRevision]: knex.raw('?? + 1', [columns.turnRevision]),
      })
  const conversationId = (knex: Knex): Knex.QueryBuilder =>
    knex(table)
      .where(rowKey(knex, columns.id, turnId))
      .select(keyText(knex, columns.conversationId))
  const end = { status: 'cancelled', reason: cancel.reason, at: cancel.now } as const
  const cancelling = query<number>(
    tables,
    `cancel turn ${turnId}`,
    build,
    telling(tables, [ended({ turnId, conversationId, by: cancel.by }, end)]),
  )
  return Number(await unlessImpossible(cancelling, 0)) > 0
}
