import { query } from '../query.js'
import type { Lease, TurnStatus } from '../records.js'
import type { Tables } from '../tables.js'
import { stillClaimed } from './still-claimed.js'

/** A worker's write: only under its own claim, and only out of the given status. */
export async function writeTurn(
  tables: Tables,
  lease: Lease,
  write: {
    readonly from: TurnStatus
    readonly set: Readonly<Record<string, unknown>>
    readonly what: string
  },
): Promise<boolean> {
  const { table, columns } = tables.messages
  const changed = await query(
    `${write.what} of turn ${lease.turnId}`,
    tables
      .knex()(table)
      .where({
        [columns.id]: lease.turnId,
        [columns.status]: write.from,
        [columns.turnFence]: lease.fence,
      })
      .whereExists(stillClaimed(tables, lease))
      .update(write.set),
  )
  return Number(changed) > 0
}
