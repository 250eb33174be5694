import type { Reply } from '@turnstead/reply'
import type { SteadyClock } from '../clock.js'

/**
 * What is shown outside of this process waits until the row has the asks in it: an answer to one that the row never had, because its
 * worker died, would find nothing. Only for a while, since a store may be away.
 */
export interface AskGate {
  /** The row has these asks. */
  stored(askIds: Iterable<string>): void
  /** The row will have none. */
  lift(): void
  /** Whether the reply may be shown now. */
  isOpen(reply: Reply): boolean
}

const longestMs = 3_000

export function createAskGate(clock: SteadyClock, keepsAsks: boolean): AskGate {
  const known = new Set<string>()
  /** When each that the row does not have was seen first. */
  const missingSince = new Map<string, number>()
  let isLifted = !keepsAsks

  function waitsForRow(id: string): boolean {
    if (known.has(id)) return false
    const since = missingSince.get(id) ?? clock.now()
    missingSince.set(id, since)
    return clock.now() - since < longestMs
  }

  return {
    stored(askIds) {
      for (const id of askIds) {
        known.add(id)
        missingSince.delete(id)
      }
    },
    lift() {
      isLifted = true
    },
    isOpen({ asks }) {
      if (isLifted) return true
      // Each is looked at, so that none begins its wait only when another one's is over.
      return asks.filter(({ id, state }) => state === 'open' && waitsForRow(id)).length === 0
    },
  }
}
