import type { RowId, TurnStatus } from '../records.js'

/**
 * `turn.ended`: it is settled, in any way. `turn.asked`: the agent asks a person, once for each ask. `turn.waiting`: nothing
 * goes on before a person answers, once for each time that this begins.
 *
 * Of a turn that no worker holds while it waits (`park`): `turn.answered`: there is an answer, so run it. `turn.reminder`: there is none
 * yet; told once, later. `turn.expired`: the person's time is over, so run it. The last two are not told when an answer or a cancel
 * came before.
 */
export type OutboxEventType =
  | 'turn.ended'
  | 'turn.asked'
  | 'turn.waiting'
  | 'turn.answered'
  | 'turn.reminder'
  | 'turn.expired'

/** Something that happened to a turn and that someone has to be told. */
export interface OutboxEvent {
  /** Unique to what happened: a write that is repeated tells it once. */
  readonly id: string
  readonly type: OutboxEventType
  /** As text, in which form every verb of the store takes it. */
  readonly turnId: RowId
  /** As text. */
  readonly conversationId: RowId
  /** When it happened, in milliseconds since the epoch; it is never told before. */
  readonly at: number
  /** How the turn ended; null while it runs. */
  readonly status: TurnStatus | null
  /** Why it ended so, as the row has it. */
  readonly reason: string | null
  /** The ask that was opened, or answered; null for other types, and for an id of more than 255 characters: then the turn's row has it. */
  readonly askId: string | null
  /** How often it was tried before. */
  readonly attempts: number
}

/** The rows of an outbox, as `createOutbox` of `@turnstead/turn/outbox` uses them. */
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
  /** Makes dead letters due again, all or these; gives how many. */
  replay(ids?: readonly string[]): Promise<number>
  /** Deletes events that were delivered longer ago, oldest first; gives how many, at most `limit`. */
  prune(request: { readonly olderThanMs: number; readonly limit: number }): Promise<number>
  /** For gauges. */
  count(): Promise<OutboxCount>
}

/** How an outbox stands. */
export interface OutboxCount {
  /** Events that are neither delivered nor dead, without those that are to be told later. */
  readonly pending: number
  /** Dead letters. */
  readonly dead: number
  /** Age of the oldest pending event, in milliseconds; 0 when there is none. */
  readonly oldestMs: number
}
