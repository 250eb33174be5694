import type {
  ConversationLease,
  Delivery,
  Lease,
  PromptRecord,
  RowId,
  TurnRecord,
} from '../records.js'

/** A message that is put in the line of its conversation. */
export interface EnqueueRequest {
  /** The conversation that the message belongs to. */
  readonly conversationId: RowId
  /** The message; its row is `pending`. */
  readonly turnId: RowId
  /** Default: `queue`. */
  readonly delivery?: Delivery
  /** What the user asks, as JSON, with a `text` or `parts`; in place of what the row has. Default: what the row has. */
  readonly input?: unknown
}

/** What became of a message that was put in the line. */
export type EnqueueResult =
  | {
      readonly accepted: true
      readonly delivery: Delivery
      /** The turns that run now and were told of a `steer`; with none it waits for its own turn. Empty for `queue`. */
      readonly steers: readonly RowId[]
    }
  | {
      readonly accepted: false
      /**
       * `taken`: a worker has it. `settled`: it is over. `missing`: there is no such message in the conversation. `no_input`: neither
       * the row nor the request says what is asked, and whoever is first in the line must be able to run it.
       */
      readonly reason: 'taken' | 'settled' | 'missing' | 'no_input'
    }

/**
 * What became of a withdrawal. `withdrawn`: no one will ever ask it; also said again. `taken`: a worker has it, and only `cancel` stops
 * it. `settled`: it had ended. `missing`: there is no such turn.
 */
export type WithdrawResult = 'withdrawn' | 'taken' | 'settled' | 'missing'

/** The verbs on messages that wait for their turn. */
export interface InboxVerbs {
  /**
   * Puts a pending message at the end of its conversation's line. A turn of the line is claimed when it is the first of it, by any worker,
   * and no sooner. Called again it keeps its place, and may change its `delivery` and what it asks, until a worker takes it. Throws a
   * `TypeError` for an `input` that asks nothing.
   */
  enqueue(request: EnqueueRequest): Promise<EnqueueResult>
  /** Takes a message back that no worker has taken: it is `cancelled`, with the reason `withdrawn`. */
  withdraw(turnId: RowId): Promise<WithdrawResult>
  /** The turn that is first in the line of a conversation; null when no one waits. */
  nextInLine(conversationId: RowId): Promise<RowId | null>
  /**
   * The worker's: messages that are to reach the turn of this lease, in order: those that wait, and those that it, or an earlier worker
   * of it, has taken and that run or were cancelled and not closed. At most 32.
   */
  readSteers(lease: Lease): Promise<readonly TurnRecord[]>
  /**
   * The worker's: moves a waiting `steer` of the lease's conversation to `running` under this lease, with the prompt by which it is about
   * to be sent. False when the lease was lost, or it was withdrawn or taken before; with `revision` also when its row is not the one that
   * was read any more: what it asks may have been put right.
   */
  takeSteer(
    lease: ConversationLease,
    turnId: RowId,
    prompt: PromptRecord,
    revision?: number,
  ): Promise<boolean>
}
