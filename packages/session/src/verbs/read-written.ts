import { SessionError } from '../errors.js'
import type { Lease, TurnRecord } from '../records.js'
import { readTurn } from '../statements/read-turn.js'
import type { Tables } from '../tables.js'

const maxReads = 20
const pauseMs = 5
const longestPauseMs = 200

/**
 * A turn as it stands under a lease whose write is through. A read that does not see that write may miss a prompt that was
 * stored before it, and the same would be asked twice.
 *
 * @internal
 */
export async function readWritten(tables: Tables, lease: Lease): Promise<TurnRecord> {
  for (let count = 1; count <= maxReads; count += 1) {
    const turn = await readTurn(tables, lease.turnId, lease.fence)
    if (turn !== null) return turn
    await tables.clock.sleep(Math.min(longestPauseMs, pauseMs * count))
  }
  throw new SessionError(
    'row_contended',
    `What was written to turn ${lease.turnId} is not there when it is read. Try again; if it stays so, the connection reads another state than it writes: give the store a connection to the primary.`,
  )
}
