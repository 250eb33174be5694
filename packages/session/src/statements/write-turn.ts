import type { Lease, TurnStatus } from '../records.js'
import type { Tables } from '../tables.js'
import type { Happening } from '../events/tell.js'
import { confirmTurn, updateTurn } from './update-turn.js'

/** A worker's write: only under its own claim, and only out of the given status. It must be the same a second time. */
export async function writeTurn(
  tables: Tables,
  lease: Lease,
  write: {
    readonly what: string
    readonly from: TurnStatus
    readonly happenings?: readonly Happening[]
    readonly set: Readonly<Record<string, unknown>>
  },
): Promise<boolean> {
  const { turnFence } = tables.messages.columns
  return updateTurn(tables, lease, {
    ...write,
    isRepeatable: true,
    from: [write.from],
    where: (row) => void row.where(turnFence, lease.fence),
  })
}

/** Whether this lease's turn is in this status: then its write took effect, and only the answer was lost. */
export async function isWritten(
  tables: Tables,
  lease: Lease,
  status: TurnStatus,
): Promise<boolean> {
  const { turnFence } = tables.messages.columns
  return confirmTurn(tables, lease, {
    what: 'look for the end',
    from: [status],
    where: (row) => void row.where(turnFence, lease.fence),
  })
}
