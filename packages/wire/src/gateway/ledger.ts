import type { ModelUsage } from './usage.js'

/** A call that wants to go out. */
export interface ReservationRequest {
  readonly callId: string
  readonly user: string
  /** The most that it can cost, in millionths of a dollar. */
  readonly microUsd: number
}

/** Whether a call may go out. */
export type Reservation =
  | { readonly granted: true }
  | {
      readonly granted: false
      /** True when the cap is used up; false when only calls under way stand in the way, which may come to cost less. */
      readonly isFinal: boolean
      readonly spentMicroUsd: number
      readonly capMicroUsd: number
    }

/** A call that is over. */
export interface Spend {
  readonly callId: string
  readonly user: string
  /** As the configuration names them. */
  readonly provider: string
  readonly model: string
  /** The session of OpenCode that called; null when the call named none. */
  readonly sessionId: string | null
  /** The conversation's: where a sub-agent called, the session that it works for. */
  readonly rootSessionId: string | null
  readonly usage: ModelUsage
  /** What it cost, in millionths of a dollar. */
  readonly microUsd: number
  /** What was set aside for it. */
  readonly reservedMicroUsd: number
  /** True when the answer was cut before it said what it used. */
  readonly isEstimated: boolean
  /** `refused`: the provider answered with an error, or not at all. `cut`: the answer was not read or sent to its end. */
  readonly outcome: 'answered' | 'refused' | 'cut'
  /** When it was over, in milliseconds since the epoch. */
  readonly at: number
}

/**
 * Who may spend what, and has. Implement it on your database where several processes share a cap; each verb is one statement
 * there. `createMemoryLedger` is for one process.
 */
export interface SpendLedger {
  /**
   * Sets the amount aside, atomically, if what the user has spent and what is set aside for their calls is below the cap. So a cap is
   * never passed by more than one call.
   */
  reserve(request: ReservationRequest): Promise<Reservation>
  /** Puts what it cost in the place of what was set aside. The same `callId` again changes nothing. */
  settle(spend: Spend): Promise<void>
}
