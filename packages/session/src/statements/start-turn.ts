import { query } from '../query.js'
import type { Lease } from '../records.js'
import type { Tables } from '../tables.js'
import { stillClaimed } from './still-claimed.js'

/** Moves the turn under a lease that was just taken; false when it became terminal or the lease was lost meanwhile. */
export async function startTurn(tables: Tables, lease: Lease, now: number): Promise<boolean> {
  const { table, columns } = tables.messages
  const knex = tables.knex()
  const changed = await query(
    `start turn ${lease.turnId}`,
    knex(table)
      .where({ [columns.id]: lease.turnId, [columns.conversationId]: lease.conversationId })
      .whereIn(columns.status, ['pending', 'running'])
      .where(columns.turnFence, '<', lease.fence)
      .whereExists(stillClaimed(tables, lease))
      .update({
        [columns.status]: 'running',
        [columns.turnFence]: lease.fence,
        [columns.startedAt]: knex.raw('coalesce(??, ?)', [columns.startedAt, now]),
      }),
  )
  return Number(changed) > 0
}
