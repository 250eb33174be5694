import type { Ask } from '@turnstead/reply'
import type { AskRows } from './ask-rows.js'
import type { Attended } from './attended.js'

/** A wait for people, in instants of the turn's clock. */
export interface Waiting {
  /** Since when nothing was asked besides. */
  readonly since: number
  /** When the first of them was asked. */
  readonly askedAt: number
  /** When the first of them has no more time. */
  readonly endsAt: number
}

/** The wait of a turn that does nothing else, and whose row has all of it; null otherwise. */
export function waitOf(
  open: readonly Ask[],
  asks: ReadonlyMap<string, Attended>,
  rows: AskRows,
): Waiting | null {
  const known = open.flatMap(({ id }) => asks.get(id) ?? [])
  const isLeft = open.every(({ id }) => {
    const attended = asks.get(id)
    const isOpen = rows.isKept && rows.get(id)?.state === 'open'
    return isOpen && attended?.isLeft === true && attended.wish === null
  })
  const isWritten = rows.nextAt() === Infinity && !rows.isWriting
  if (open.length === 0 || !isLeft || !isWritten) return null
  return {
    since: Math.max(...known.map(({ since }) => since)),
    askedAt: Math.min(...known.map(({ askedAt }) => askedAt)),
    endsAt: Math.min(...known.map(({ late }) => late.at)),
  }
}

/** Closes answers to what is not asked any more; false when there are none. */
export function closeStale(open: readonly Ask[], rows: AskRows): boolean {
  const ids = new Set(open.map(({ id }) => id))
  const stale = rows.all().filter(({ id, state }) => state === 'answered' && !ids.has(id))
  for (const { id: askId } of stale) rows.change({ type: 'closed', askId })
  return stale.length > 0
}
