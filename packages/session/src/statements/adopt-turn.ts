import type { Lease } from '../records.js'
import type { Tables } from '../tables.js'
import { isLeftover } from './find-leftovers.js'
import { updateTurn } from './update-turn.js'

/** Puts a leftover under a lease; its status stays, but that one which waited runs. False when the lease was lost, or the turn is no leftover any more. */
export async function adoptTurn(tables: Tables, lease: Lease): Promise<boolean> {
  const { columns } = tables.messages
  return updateTurn(tables, lease, {
    what: 'take over the leftovers',
    isRepeatable: true,
    from: ['running', 'waiting', 'completed', 'failed', 'cancelled'],
    where: (row) =>
      void row
        .where(columns.conversationId, String(lease.conversationId))
        // Its own fence counts for a statement that waits for the row, and it may be the one that was given already.
        .where(columns.turnFence, '<=', lease.fence)
        .where(isLeftover(columns))
        // One that was parked, also under this very lease, is left alone until it is due.
        .where((due) => {
          due.whereNot(columns.status, 'waiting').orWhere((parked) => {
            parked
              .where(columns.turnFence, '<', lease.fence)
              .where(columns.dueAt, '<=', tables.clock.now())
          })
        }),
    set: {
      [columns.turnFence]: lease.fence,
      [columns.dueAt]: null,
      [columns.status]: tables
        .knex()
        .raw("case when ?? = 'waiting' then 'running' else ?? end", [
          columns.status,
          columns.status,
        ]),
    },
  })
}
