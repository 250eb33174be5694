import type { Difference } from './compare.js'

/** What a conformance run found. */
export interface ConformanceReport {
  readonly scenarios: number
  readonly listed: readonly Difference[]
  readonly unlisted: readonly Difference[]
  /** Scenarios that could not be played to their end. */
  readonly broken: readonly {
    readonly scenario: string
    readonly target: string
    readonly error: string
  }[]
}
