import type { Lease, RowId } from './rows.js'

/** How a turn came to its session. */
export type SessionFate = 'same' | 'new' | 'restored' | 'replaced' | 'lost'

/** A JSON object of the server's, kept as it is. */
export type ServerRecord = Readonly<Record<string, unknown>>

/** A session with messages of it, oldest first, as the server gives them. */
export interface HistorySession {
  readonly info: ServerRecord
  readonly messages: readonly {
    readonly info: ServerRecord
    readonly parts: readonly ServerRecord[]
  }[]
}

/** Where the kept history of a conversation ends. */
export interface HistoryHead {
  /** From 0 on, without a gap. */
  readonly position: number
  readonly turnId: RowId
  /** The conversation's session upstream. */
  readonly sessionId: string
  /** The newest message of that session which is kept. */
  readonly newestId: string
  /** The newest one that the entry before keeps. Null where an entry has the whole session: then those before it do not count. */
  readonly previousId: string | null
  /** When the server changed the session last, in milliseconds since the epoch. A session that is older is not the whole. */
  readonly updatedAt: number
  /** The name of the server that it was read from; null where servers have none. */
  readonly server: string | null
  /** Why messages of this turn could not be read; null when it has them. What lacks some is not restored. */
  readonly lacks: string | null
}

/** What a turn added to a conversation. */
export interface HistoryEntry extends HistoryHead {
  /** The conversation's session first, then those of sub-agents. Of a message that is in two entries the later one counts. */
  readonly sessions: readonly HistorySession[]
}

/**
 * Keeps what the server knows of a conversation, so that another server can be told. `@turnstead/session/history` implements it;
 * any store of the same shape will do.
 */
export interface HistoryStore {
  /** Null when nothing is kept. */
  newest(conversationId: RowId): Promise<HistoryHead | null>
  /**
   * Keeps an entry, in place of one at the same position that an earlier lease, or this one, has written; one of a later lease stays.
   *
   * @throws an error with the code `history_too_large` where it is more than is kept of one turn; then the same is kept without messages,
   * with what it `lacks`.
   */
  keep(lease: Lease, entry: HistoryEntry): Promise<void>
  /**
   * Oldest first, from the last that has a whole session.
   *
   * @throws an error with the code `history_damaged` when one is missing or is not what was written.
   */
  read(conversationId: RowId): Promise<readonly HistoryEntry[]>
}
