import type { ReplyState } from './state.js'

/** What was wrong with an input. None of them stops a reply. */
export type AnomalyCode =
  | 'malformed_event'
  | 'malformed_part'
  | 'malformed_message'
  | 'malformed_poll'
  | 'unexpected_delta'
  | 'kind_changed'
  | 'text_corrected'
  | 'owner_unknown'

/** Something contradictory or unreadable in the input, kept as data. */
export interface Anomaly {
  readonly code: AnomalyCode
  /** The part, message, ask or event type it is about. */
  readonly subject: string | null
}

/** How many anomalies are kept; the rest is dropped. */
const anomalyLimit = 64

/** Records an anomaly. The same one about the same subject is kept once. */
export function recordAnomaly(state: ReplyState, code: AnomalyCode, subject: string | null): void {
  const known = state.anomalies.some((each) => each.code === code && each.subject === subject)
  if (known || state.anomalies.length >= anomalyLimit) return
  const anomaly: Anomaly = Object.freeze({ code, subject })
  state.anomalies.push(anomaly)
  state.outbox.announce(() => ({ type: 'anomaly', anomaly }))
}
