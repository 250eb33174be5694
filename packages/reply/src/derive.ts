import { linkChildren } from './children.js'
import { markLosses } from './losses.js'
import type { ReplyState, Stale } from './state.js'
import { refreshTodos } from './todo-list.js'
import { refreshTotals } from './totals.js'

/** Working out one thing can make another stale; a handful of rounds settles any input. */
const maxRounds = 8

const steps: readonly (readonly [keyof Stale, (state: ReplyState) => void])[] = [
  ['children', linkChildren],
  ['losses', markLosses],
  ['todos', refreshTodos],
  ['totals', refreshTotals],
]

/** Brings up to date what follows from the messages and parts. */
export function derive(state: ReplyState): void {
  for (let round = 0; round < maxRounds; round += 1) {
    const due = steps.filter(([name]) => state.stale[name])
    if (due.length === 0) return
    for (const [name, refresh] of due) {
      state.stale[name] = false
      refresh(state)
    }
  }
}
