import type { RowId, TurnStatus } from '../ports.js'

/** Something that happened to a turn and that someone has to be told, at least once. */
export interface OutboxEvent {
  /** Unique, and the same each time it is delivered: who receives it twice knows by it. */
  readonly id: string
  readonly type: OutboxEventType
  readonly turnId: RowId
  readonly conversationId: RowId
  /** When it happened, in milliseconds since the epoch. */
  readonly at: number
  /** How the turn ended; null while it runs. */
  readonly status: TurnStatus | null
  /** Why it ended so, as the row has it; null when the status says it. */
  readonly reason: string | null
  /** The ask that was opened; null for other types. */
  readonly askId: string | null
  /** How often it was tried before. */
  readonly attempts: number
}

/**
 * `turn.ended`: it is settled, in any way. `turn.asked`: the agent asks a person, once for each ask. `turn.waiting`: nothing goes on
 * before a person answers, once for each time that this begins.
 */
export type OutboxEventType =
  | 'turn.ended'
  | 'turn.asked'
  | 'turn.waiting'
  | 'turn.answered'
  | 'turn.reminder'
  | 'turn.expired'

/** The rows of an outbox. `@turnstead/session/outbox` implements it. */
export interface OutboxStore {
  /**
   * Takes events that are due, oldest first: no one else gets them for `leaseMs`, and after it they are due again unless
   * `delivered` or `failed` was called.
   */
  take(request: {
    readonly limit: number
    readonly leaseMs: number
  }): Promise<readonly OutboxEvent[]>
  /** Notes that it arrived. */
  delivered(id: string): Promise<void>
  /** Notes that it did not: when to try again, or null to lay it aside as a dead letter. */
  failed(
    id: string,
    failure: { readonly error: string; readonly retryInMs: number | null },
  ): Promise<void>
  /** Deletes what was delivered longer ago; gives how many, at most `limit`. Without it, delivered events are kept. */
  prune?(request: { readonly olderThanMs: number; readonly limit: number }): Promise<number>
}
