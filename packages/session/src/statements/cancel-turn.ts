import type { Knex } from 'knex'
import type { RowId } from '../records.js'
import type { Tables } from '../tables.js'
import { query } from './query.js'
import { keyText, rowKey, unlessImpossible } from './row-key.js'
import { toNumber, toText } from './row-values.js'
import { ended, telling } from '../events/tell.js'
import type { Parked } from '../events/tell.js'

/** The user's cancel needs no lease; it must only come before the end. */
export async function cancelTurn(
  tables: Tables,
  turnId: RowId,
  cancel: {
    readonly reason: string | null
    readonly now: number
    /** Of this call alone. */
    readonly by: string
    /** Out of which states. Default: whatever is not over. */
    readonly from?: readonly ('pending' | 'running')[]
  },
): Promise<boolean> {
  const { table, columns } = tables.messages
  const build = (knex: Knex): Knex.QueryBuilder =>
    knex(table)
      .where(rowKey(knex, columns.id, turnId))
      .whereIn(columns.status, cancel.from ?? ['pending', 'running', 'waiting'])
      .update({
        [columns.status]: 'cancelled',
        [columns.reason]: toText(cancel.reason),
        [columns.settledAt]: cancel.now,
        [columns.waitingSince]: null,
        [columns.dueAt]: null,
        // Nothing follows the end of a turn that no one ever claimed.
        [columns.closedAt]: knex.raw('case when ?? = 0 then ? else ?? end', [
          columns.turnFence,
          cancel.now,
          columns.closedAt,
        ]),
        [columns.turnRevision]: knex.raw('?? + 1', [columns.turnRevision]),
      })
  const conversationId = conversationOf(tables, turnId)
  const end = { status: 'cancelled', reason: cancel.reason, at: cancel.now } as const
  const cancelling = query<number>(
    tables,
    `cancel turn ${turnId}`,
    build,
    telling(tables, [ended({ turnId, conversationId, by: cancel.by }, end)], (knex, connection) =>
      parkedUnder(tables, turnId, { knex, connection }),
    ),
  )
  return Number(await unlessImpossible(cancelling, 0)) > 0
}

/** The claim under which the turn may have been parked: only its row knows. */
async function parkedUnder(
  { messages }: Tables,
  turnId: RowId,
  { knex, connection }: { readonly knex: Knex; readonly connection: unknown },
): Promise<Parked | null> {
  const { table, columns } = messages
  const row = (await knex(table)
    .where(rowKey(knex, columns.id, turnId))
    .first({ fence: columns.turnFence })
    .connection(connection)) as Record<string, unknown> | undefined
  const fence = toNumber(row?.['fence'])
  return fence === 0 ? null : { turnId, fence }
}

/** The conversation of a turn, to be read with a write that does not know it. */
export function conversationOf(
  { messages }: Tables,
  turnId: RowId,
): (knex: Knex) => Knex.QueryBuilder {
  const { table, columns } = messages
  return (knex) =>
    knex(table)
      .where(rowKey(knex, columns.id, turnId))
      .select(keyText(knex, columns.conversationId))
}
