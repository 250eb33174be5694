import type { ClientServer, Stage } from './server.js'

/** One thing that a client does, played on the real server and on Impostor. */
export interface Flow {
  /** The client and what it does. */
  readonly name: string
  readonly stage: Stage
  /** Whether it belongs to the flows that every test run plays. */
  readonly isCore?: boolean
  /** Plays it. The result is what a user of this client would see. */
  readonly run: (server: ClientServer) => Promise<unknown>
}

/** What one flow came to. */
export interface FlowReport {
  readonly name: string
  /** Paths at which the two outcomes differ, with both values. */
  readonly differences: readonly FlowDifference[]
  /** Why it could not be played, by server. */
  readonly broken: readonly { readonly server: string; readonly error: string }[]
}

/** One difference. */
export interface FlowDifference {
  readonly at: string
  readonly opencode: unknown
  readonly impostor: unknown
}
