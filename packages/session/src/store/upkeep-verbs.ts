import type { RowId, TerminalStatus } from '../records.js'
import type { SessionUpstream } from '../session-upstream.js'

/** A session as the upstream lists it. */
export interface UpstreamSession {
  /** Its id on the server. */
  readonly id: string
  /** What `create` was given; null for a session that others made. */
  readonly key: string | null
  /** When it was created, in milliseconds since the epoch. */
  readonly createdAt: number
}

/** What a sweep asks of OpenCode. */
export interface SweepUpstream extends Pick<SessionUpstream, 'delete'> {
  /** All sessions; `isComplete` is false when some were left out (a list is a page). */
  list(): Promise<{ readonly sessions: readonly UpstreamSession[]; readonly isComplete: boolean }>
}

/** What a sweep looks for. */
export interface SweepRequest {
  /** At most so many rows of each kind. Default: 100. */
  readonly limit?: number
  /** A turn counts as forgotten when it was seen pending so long ago, in milliseconds. Default: 300 000. */
  readonly pendingOlderThanMs?: number
  /**
   * A lease is freed when it expired so long ago, in milliseconds; longer than a worker goes on without the database (turn's
   * `unreachableMs`), so that an outage frees none of a live one. Default: 300 000.
   */
  readonly expiredOlderThanMs?: number
  /** A turn counts as not closed when it ended so long ago, in milliseconds. Default: 60 000. */
  readonly unclosedOlderThanMs?: number
  /** Where the sessions are. Default: sessions are not looked at. */
  readonly upstream?: SweepUpstream
  /**
   * Also looks which conversations have a session that the upstream does not have, from this conversation on; `null` begins.
   * Needs `upstream`, and its whole list. Default: not looked at.
   */
  readonly sessionsAfter?: RowId | null
}

/** A turn that a sweep found. */
export interface SweptTurn {
  /** The message. */
  readonly turnId: RowId
  /** Its conversation. */
  readonly conversationId: RowId
}

/** What a sweep found and did. */
export interface SweepReport {
  /** Leases that were freed: their workers are gone. */
  readonly freedLeases: readonly {
    readonly conversationId: RowId
    readonly owner: string
    readonly expiredAt: number
  }[]
  /** Turns that are `running` while no one holds their conversation: run them again. */
  readonly strandedTurns: readonly (SweptTurn & { readonly startedAt: number | null })[]
  /** Turns that waited for a person and no longer have to: answered, or their time is over. Run them again. */
  readonly dueTurns: readonly (SweptTurn & { readonly dueAt: number })[]
  /**
   * Turns that have been `pending` for long while no one holds their conversation, nor waits in it for a person: give them to the queue
   * again, or run those that are in the line, of which the row says what is asked.
   */
  readonly pendingTurns: readonly (SweptTurn & {
    readonly pendingSince: number
    readonly isInLine: boolean
  })[]
  /** Turns that are over, and what follows the end was not done: run them again, or any other turn of the conversation. */
  readonly unclosedTurns: readonly (SweptTurn & {
    readonly status: TerminalStatus
    readonly settledAt: number | null
  })[]
  /** Sessions that no row has, `deleted` where they are surely ours. */
  readonly orphanSessions: readonly {
    readonly sessionId: string
    readonly key: string
    readonly createdAt: number
    readonly deleted: boolean
  }[]
  /** Conversations whose session the upstream does not have. Their next turn gets a new one. */
  readonly lostSessions: readonly { readonly conversationId: RowId; readonly sessionId: string }[]
  /** For `sessionsAfter` of the next sweep; null when all conversations were looked at. */
  readonly nextSessionsAfter: RowId | null
  /** A limit was reached: there may be more of something. */
  readonly hasMore: boolean
}

/** What a removal did. */
export interface RemovedConversation {
  /** Turns that were pending or running and are cancelled now. */
  readonly cancelledTurns: number
  /** Sessions that were deleted upstream. */
  readonly deletedSessions: readonly string[]
  /** False when the upstream could not look for the sessions of all creations that did not end; a sweep finds those. */
  readonly isComplete: boolean
}

/** The verbs that keep the rows, and what they refer to, in order. */
export interface UpkeepVerbs {
  /**
   * Ends what a conversation has: its turns are cancelled, its upstream session and those of creations under way are deleted,
   * its columns of ours are emptied but for the fence. Its rows stay the host's. A worker that runs one of its turns
   * loses the lease. May be repeated after any failure. Null when there is no such conversation.
   */
  removeConversation(
    conversationId: RowId,
    upstream: SessionUpstream,
  ): Promise<RemovedConversation | null>
  /**
   * One look at all rows for what crashes left, for cron or the start of a process; safe beside running workers and other
   * sweeps. It frees expired leases and deletes sessions that surely are ours and no one's; turns it only reports.
   */
  sweep(request?: SweepRequest): Promise<SweepReport>
}
