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
  const reach = createReach(limit)
  return inBackground(async (closing) => {
    while (resumeMs > 0 && store.sweep !== undefined && !closing.aborted) {
      try {
        const seen = await store.sweep({ limit: reach.limit })
        if (closing.aborted) return
        const due = seen.dueTurns ?? []
        const { inLine, others } = splitPending(seen.pendingTurns)
        const found = [...seen.strandedTurns, ...due, ...seen.unclosedTurns, ...inLine]
        reach.seen([...found, ...others], seen.hasMore)
        for (const turn of found) left.found(turn)
        if (others.length > 0) {
          left.pending(others).catch((error: unknown) => left.failed(error))
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

/** What a store takes at most. */
const mostLooked = 10_000

/**
 * How many of each kind are looked for. What cannot be run here, as while its server is away or another process reaches it, comes first
 * each time and would hide all that is behind it: then the next look goes further.
 */
function createReach(least: number): {
  readonly limit: number
  seen(turns: readonly LeftTurn[], hasMore: boolean): void
} {
  let limit = least
  let last: ReadonlySet<string> = new Set()
  return {
    get limit() {
      return limit
    },
    seen(turns, hasMore) {
      const ids = new Set(turns.map(({ turnId }) => String(turnId)))
      const stayed = [...ids].filter((id) => last.has(id)).length
      last = ids
      if (hasMore && stayed >= limit) limit = Math.min(limit * 2, Math.max(least, mostLooked))
      else if (stayed < least) limit = least
    },
  }
}

/** Turns that no worker has taken for long: those of a line need no job, since their rows say what is asked. */
export function splitPending<Turn extends LeftTurn & { readonly isInLine?: boolean }>(
  turns: readonly Turn[],
): { readonly inLine: readonly Turn[]; readonly others: readonly Turn[] } {
  const isInLine = (turn: Turn): boolean => turn.isInLine === true
  return { inLine: turns.filter(isInLine), others: turns.filter((turn) => !isInLine(turn)) }
}
