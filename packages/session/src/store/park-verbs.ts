import type { Lease } from '../records.js'

/** For how long a turn waits without a worker. */
export interface ParkRequest {
  /** When the person's time is over, in milliseconds since the epoch; null when only an answer ends the wait. */
  readonly dueAt: number | null
  /** When to remind someone, by the outbox, if there is no answer until then, in milliseconds since the epoch. Default: null, never. */
  readonly remindAt?: number | null
}

/** The verb on turns that wait for a person. */
export interface ParkVerbs {
  /**
   * Moves a running turn, whose ask is open, to `waiting`: release the lease then. No turn of its conversation can be claimed
   * from now on, this one neither, before it is due: by an answer, or at `dueAt`; a sweep reports it then. A cancel ends it at any
   * time. False when the lease was lost, the turn is over, or there is an answer that was not sent or nothing open: then go on. True
   * when it is repeated under the same lease.
   */
  park(lease: Lease, request: ParkRequest): Promise<boolean>
}
