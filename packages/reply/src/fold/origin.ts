/** Where an input comes from. */
export interface Origin {
  /** True for a poll, which states things completely; false for an event. */
  readonly polled: boolean
  /** The event's id; `null` for polls and for events without one. */
  readonly eventId: string | null
  /** For a poll: what the stream changed after this revision is newer than the poll. */
  readonly revision: number
}
