import type { Lease } from '../records.js'
import type { Tables } from '../tables.js'
import { isLeftover } from './find-leftovers.js'
import { updateTurn } from './update-turn.js'

/** Puts a leftover under a lease; its status stays. False when the lease was lost, or the turn is no leftover any more. */
export async function adoptTurn(tables: Tables, lease: Lease): Promise<boolean> {
  const { columns } = tables.messages
  return updateTurn(tables, lease, {
    what: 'take over the leftovers',
    isRepeatable: true,
    from: ['running', 'completed', 'failed', 'cancelled'],
    where: (row) =>
      void row
        .where(columns.conversationId, String(lease.conversationId))
        // Its own fence counts for a statement that waits for the row, and it may be the one that was given already.
        .where(columns.turnFence, '<=', lease.fence)
        .where(isLeftover(columns)),
    set: { [columns.turnFence]: lease.fence },
  })
}
