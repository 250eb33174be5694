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
  let isLifted = !keepsAsks
  let shutSince: number | null = null
  return {
    stored(askIds) {
      for (const id of askIds) known.add(id)
    },
    lift() {
      isLifted = true
    },
    isOpen({ asks }) {
      if (isLifted || asks.every(({ id, state }) => state !== 'open' || known.has(id))) {
        shutSince = null
        return true
      }
      shutSince ??= clock.now()
      return clock.now() - shutSince >= longestMs
    },
  }
}
