import type { Lease } from '../records.js'
import type { Tables } from '../tables.js'
import { updateTurn } from './update-turn.js'
import { isWritten } from './write-turn.js'

/** Moves a turn that was begun and asked nothing back to `pending`, to its place in the line; what it is to ask stays. */
export async function giveBackTurn(tables: Tables, lease: Lease): Promise<boolean> {
  const { columns } = tables.messages
  const isBack = await updateTurn(tables, lease, {
    what: 'give the turn back',
    from: ['running'],
    where: (row) => void row.where(columns.turnFence, lease.fence).whereNull(columns.promptId),
    set: {
      [columns.status]: 'pending',
      [columns.startedAt]: null,
      [columns.pendingSince]: null,
    },
  })
  // An attempt whose answer was lost had taken effect.
  return isBack || (await isWritten(tables, lease, 'pending'))
}
