/** A session with messages of it, oldest first, as the server gives them. */
export interface HistorySession {
  readonly info: Readonly<Record<string, unknown>>
  readonly messages: readonly {
    readonly info: Readonly<Record<string, unknown>>
    readonly parts: readonly Readonly<Record<string, unknown>>[]
  }[]
}

/** Where the kept history of a conversation ends. */
export interface HistoryHead {
  /** From 0 on, without a gap. */
  readonly position: number
  readonly turnId: string | number | bigint
  /** The conversation's session upstream. */
  readonly sessionId: string
  /** The newest message of that session which is kept. */
  readonly newestId: string
  /** The newest that the entry before keeps; null where an entry has the whole session. */
  readonly previousId: string | null
  /** When the server changed the session last, in milliseconds since the epoch. */
  readonly updatedAt: number
  /** The server that it was read from. */
  readonly server: string | null
  /** Why messages of this turn could not be read; null when it has them. What lacks some is not restored. */
  readonly lacks: string | null
}

/** What a turn added to a conversation. */
export interface HistoryEntry extends HistoryHead {
  /** The conversation's session first, then those of sub-agents. */
  readonly sessions: readonly HistorySession[]
}
