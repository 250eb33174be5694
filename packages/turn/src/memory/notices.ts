import type { RowId, TurnNotice } from '../ports.js'
import type { Rows } from './rows.js'

type Wake = (notice: TurnNotice) => void

/** Calls back after each change that another one made to a turn; the result ends it. */
export function watchTurn({ watchers }: Rows, turnId: RowId, wake: Wake): () => void {
  const key = String(turnId)
  // Each watch is its own, also when the same function watches twice.
  const watcher: Wake = (notice) => wake(notice)
  const known = watchers.get(key) ?? new Set()
  watchers.set(key, known.add(watcher))
  return () => {
    known.delete(watcher)
    if (known.size === 0 && watchers.get(key) === known) watchers.delete(key)
  }
}

export function tell({ watchers }: Rows, turnId: RowId, type: TurnNotice['type']): void {
  for (const watcher of [...(watchers.get(String(turnId)) ?? [])]) watcher({ type })
}
