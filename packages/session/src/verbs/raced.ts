import type { Clock } from '../clock.js'
import { SessionError } from '../errors.js'

const maxRounds = 40
const roundsWithoutPause = 3
const pauseMs = 5
const longestPauseMs = 100

/**
 * Looks and takes until what was seen is what is taken. A failed take means that another one succeeded in between, or that
 * the connection reads an older state than it writes; neither may go on forever.
 */
export async function untilTaken<Result>(
  {
    clock,
    row,
    signal,
  }: {
    readonly clock: Clock
    /** For the error: which row does not stand still, such as `conversation 7`. */
    readonly row: string
    readonly signal?: AbortSignal | undefined
  },
  /** `undefined` when the take failed. */
  round: () => Promise<Result | undefined>,
): Promise<Result> {
  for (let count = 1; count <= maxRounds; count += 1) {
    signal?.throwIfAborted()
    const result = await round()
    if (result !== undefined) return result
    if (count > roundsWithoutPause) {
      const ms = Math.min(longestPauseMs, pauseMs * count)
      await clock.sleep(ms, signal === undefined ? {} : { signal })
    }
  }
  throw new SessionError(
    'row_contended',
    `The row of ${row} changed before each of ${maxRounds} attempts. Try again; if it stays so, the connection reads another state than it writes: give the store a connection to the primary.`,
  )
}
