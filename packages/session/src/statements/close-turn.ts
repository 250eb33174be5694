import type { Lease } from '../records.js'
import type { Tables } from '../tables.js'
import { updateTurn } from './update-turn.js'

/** Notes that all that follows the end of a turn was done, and what is kept of its files. The first time stands. */
export async function closeTurn(
  tables: Tables,
  lease: Lease,
  now: number,
  files: unknown,
): Promise<boolean> {
  const { columns } = tables.messages
  const knex = tables.knex()
  const text = files === undefined ? undefined : JSON.stringify(files)
  return updateTurn(tables, lease, {
    what: 'close the row',
    isRepeatable: true,
    from: ['completed', 'failed', 'cancelled'],
    where: (row) => void row.where(columns.turnFence, lease.fence),
    set: {
      [columns.closedAt]: knex.raw('coalesce(??, ?)', [columns.closedAt, now]),
      ...(text === undefined ? {} : { [columns.files]: text }),
    },
  })
}
