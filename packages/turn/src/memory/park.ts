import type { TurnStore } from '../ports.js'
import { tell } from './notices.js'
import { type Rows, turnUnder } from './rows.js'

/** Moves a running turn that asks to `waiting`; true again when it is repeated. */
export function parkIn(rows: Rows): NonNullable<TurnStore['park']> {
  return async (lease, { dueAt, remindAt = null }) => {
    for (const time of [dueAt, remindAt]) {
      if (time !== null && !Number.isSafeInteger(time)) {
        throw new RangeError('`dueAt` and `remindAt` must be whole milliseconds, or null')
      }
    }
    const turn = turnUnder(rows, lease)
    if (turn?.status === 'waiting') return true
    const states = new Set(turn?.asks.map(({ state }) => state))
    if (turn?.status !== 'running' || states.has('answered') || !states.has('open')) return false
    Object.assign(turn, { status: 'waiting', dueAt, revision: turn.revision + 1 })
    tell(rows, lease.turnId, 'changed')
    return true
  }
}
