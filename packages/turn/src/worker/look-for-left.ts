import type { SteadyClock } from '../clock.js'
import type { LeftTurn, TurnStore } from '../ports.js'
import { type Background, inBackground } from '../run/deadline.js'

/** What is done with what was found. */
export interface LeftTurns {
  found(turn: LeftTurn): void
  pending(turns: readonly LeftTurn[]): Promise<void>
  failed(error: unknown): void
}

/** Looks for turns that crashes left, now and again until it is closed. */
export function lookForLeft(
  {
    store,
    clock,
    resumeMs,
    limit,
  }: {
    readonly store: Pick<TurnStore, 'sweep'>
    readonly clock: SteadyClock
    readonly resumeMs: number
    readonly limit: number
  },
  left: LeftTurns,
): Background {
  return inBackground(async (closing) => {
    while (resumeMs > 0 && store.sweep !== undefined && !closing.aborted) {
      try {
        const seen = await store.sweep({ limit })
        if (closing.aborted) return
        for (const turn of [...seen.strandedTurns, ...seen.unclosedTurns]) left.found(turn)
        if (seen.pendingTurns.length > 0) {
          left.pending(seen.pendingTurns).catch((error: unknown) => left.failed(error))
        }
      } catch (error) {
        left.failed(error)
      }
      // Not all processes of a deploy at the same moment.
      const ms = resumeMs * (0.5 + Math.random())
      await clock.sleep(ms, { signal: closing }).catch(() => undefined)
    }
  })
}
