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
