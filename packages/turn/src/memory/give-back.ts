import type { TurnStore } from '../ports.js'
import { tell } from './notices.js'
import { type Rows, turnUnder } from './rows.js'

/** Moves a running turn that was asked nothing back to `pending`; true again when it is repeated. */
export function giveBackIn(rows: Rows): NonNullable<TurnStore['giveBack']> {
  return async (lease) => {
    const turn = turnUnder(rows, lease)
    if (turn?.status === 'pending') return true
    if (turn?.status !== 'running' || turn.prompt !== null) return false
    Object.assign(turn, { status: 'pending', startedAt: null, revision: turn.revision + 1 })
    tell(rows, lease.turnId, 'changed')
    return true
  }
}
