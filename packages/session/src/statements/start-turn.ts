import type { Lease } from '../records.js'
import type { Tables } from '../tables.js'
import { updateTurn } from './update-turn.js'

/**
 * Moves the turn under a lease that was just taken, and stores what was asked unless an earlier claim did; false when the
 * turn became terminal or the lease was lost meanwhile.
 */
export async function startTurn(
  tables: Tables,
  lease: Lease,
  { now, input }: { readonly now: number; readonly input: string | null },
): Promise<boolean> {
  const { columns } = tables.messages
  const knex = tables.knex()
  return updateTurn(tables, lease, {
    what: 'start the run',
    from: ['pending', 'running'],
    where: (row) =>
      void row
        .where(columns.conversationId, String(lease.conversationId))
        .where(columns.turnFence, '<', lease.fence),
    set: {
      [columns.status]: 'running',
      [columns.turnFence]: lease.fence,
      [columns.pendingSince]: null,
      [columns.startedAt]: knex.raw('coalesce(??, ?)', [columns.startedAt, now]),
      ...(input === null
        ? {}
        : { [columns.promptInput]: knex.raw('coalesce(??, ?)', [columns.promptInput, input]) }),
    },
  })
}
