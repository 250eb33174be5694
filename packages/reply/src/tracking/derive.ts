import { markAttempts } from './attempts.js'
import { withdrawAsks } from './ask-store.js'
import { linkChildren } from './children.js'
import { markLosses } from './losses.js'
import type { Derived, ReplyState } from '../state/state.js'
import { refreshTodos } from './todo-list.js'
import { refreshTotals } from './totals.js'

/** Working out one thing can make another stale; a handful of rounds settles any input. */
const maxRounds = 8

const steps: readonly (readonly [Derived, (state: ReplyState) => void])[] = [
  [
    'children',
    (state) => {
      linkChildren(state)
      withdrawAsks(state)
    },
  ],
  [
    'losses',
    (state) => {
      markLosses(state)
      markAttempts(state)
    },
  ],
  ['todos', refreshTodos],
  ['totals', refreshTotals],
]

/** Brings up to date what follows from the messages and parts. */
export function derive(state: ReplyState): void {
  state.grown = null
  for (let round = 0; round < maxRounds && state.stale.size > 0; round += 1) {
    for (const [name, refresh] of steps) if (state.stale.delete(name)) refresh(state)
  }
}
