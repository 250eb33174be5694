import type { Knex } from 'knex'
import type { Lease, TurnStatus } from '../records.js'
import type { Tables } from '../tables.js'
import { guardedUpdate } from './query.js'
import { rowKey } from './row-key.js'

/** One write to a turn's row. */
export interface TurnUpdate {
  /** For the error: what the database could not do. */
  readonly what: string
  /** Out of which states. */
  readonly from: readonly TurnStatus[]
  /** More conditions on the row. */
  readonly where?: (row: Knex.QueryBuilder) => void
  /** The same a second time, and true again; see `QueryOptions`. Default: false. */
  readonly isRepeatable?: boolean
  /** Raw values may read the row as it was. */
  readonly set: Readonly<Record<string, unknown>>
}

/**
 * Writes the row of a lease's turn, if the conversation is still claimed by this lease and the update's own conditions
 * hold. The revision changes with every write, so that the count of rows says what matched also on connections that
 * count only rows that changed.
 */
export async function updateTurn(
  tables: Tables,
  lease: Lease,
  update: TurnUpdate,
): Promise<boolean> {
  return updateRow(tables, lease, { ...update, isClaimed: true })
}

/** Says whether the row is in this state under this lease, by a write as well: a read may see an older row. */
export async function confirmTurn(
  tables: Tables,
  lease: Lease,
  confirm: Pick<TurnUpdate, 'what' | 'from' | 'where'>,
): Promise<boolean> {
  return updateRow(tables, lease, { ...confirm, set: {}, isClaimed: false, isRepeatable: true })
}

async function updateRow(
  tables: Tables,
  lease: Lease,
  update: TurnUpdate & { readonly isClaimed: boolean },
): Promise<boolean> {
  const { turnId } = lease
  // From a caller without types.
  if ((turnId as unknown) === null) {
    throw new TypeError('This lease is on a conversation without a turn: `adopt` one of its turns.')
  }
  const { table, columns } = tables.messages
  const { isRepeatable = false } = update
  const build = (knex: Knex): Knex.QueryBuilder => {
    const row = knex(table)
      .where(rowKey(knex, columns.id, turnId))
      .whereIn(columns.status, update.from)
    update.where?.(row)
    if (update.isClaimed) row.whereExists(stillClaimed(tables, knex, lease))
    return row.update({
      ...update.set,
      [columns.turnRevision]: knex.raw('?? + 1', [columns.turnRevision]),
    })
  }
  return guardedUpdate(tables, `${update.what} of turn ${turnId}`, build, { isRepeatable })
}

/**
 * The conversation's half of the fence. A worker that was paused while *another* message of its conversation was
 * claimed finds its own message's fence unchanged; this is what stops it.
 */
function stillClaimed({ conversations }: Tables, knex: Knex, lease: Lease): Knex.QueryBuilder {
  const { table, columns } = conversations
  return knex
    .select(knex.raw('1'))
    .from(table)
    .where(rowKey(knex, columns.id, lease.conversationId))
    .where(columns.turnFence, lease.fence)
}
