import type { Knex } from 'knex'
import type { RowId } from '../records.js'

/** Which turns, and how many of them at once. */
export interface TurnPage<After> {
  /** How many at most, 1 to 1000. Default: 100. */
  readonly limit?: number
  /** The last one of the page before: what follows it. Default: the first page. */
  readonly after?: After | undefined
  /**
   * Narrows the conversations, by columns of your own: `(query) => query.where('user_id', 7)`. The query is on your
   * table of conversations alone. Default: all of them.
   */
  readonly conversations?: (query: Knex.QueryBuilder) => unknown
}

/** A turn that runs, without its reply. */
export interface RunningTurn {
  /** The message. */
  readonly turnId: RowId
  /** The conversation that it belongs to. */
  readonly conversationId: RowId
  /** The conversation's upstream session, null before it was created. */
  readonly sessionId: string | null
  /** Counts the writes to the turn: one that is unchanged need not be read. */
  readonly revision: number
  /** When it was claimed first, in milliseconds since the epoch. */
  readonly startedAt: number
  /** Since when it waits for a person, in milliseconds since the epoch; null when it does not. */
  readonly waitingSince: number | null
  /** Counts the changes of its asks. */
  readonly asksRevision: number
  /** Who holds the conversation; null when no one does. */
  readonly owner: string | null
  /** When that lease expires, in milliseconds since the epoch. One that is past, or null, is for another worker to take. */
  readonly expiresAt: number | null
}

/** A running turn that waits for a person. */
export interface WaitingTurn extends RunningTurn {
  /** Since when, in milliseconds since the epoch. */
  readonly waitingSince: number
}

/**
 * What a product shows of many turns at once. A page is one read, through an index; it is as old as the connection's data, so
 * nothing should be decided by it that a verb of the store does not decide again.
 */
export interface SessionQueries {
  /**
   * The turns that run, the longest first. Rejects with `database_failed`; with a `RangeError` for a `limit` out of bounds.
   *
   * @example
   *     const mine = { conversations: (query: Knex.QueryBuilder) => query.where('user_id', 7) }
   *     const first = await store.runningTurns(mine)
   *     const second = await store.runningTurns({ ...mine, after: first.at(-1) })
   */
  runningTurns(
    page?: TurnPage<Pick<RunningTurn, 'turnId' | 'startedAt'>>,
  ): Promise<readonly RunningTurn[]>
  /** The turns that wait for a person, the longest first. Rejects as `runningTurns` does. */
  waitingTurns(
    page?: TurnPage<Pick<WaitingTurn, 'turnId' | 'waitingSince'>>,
  ): Promise<readonly WaitingTurn[]>
}
