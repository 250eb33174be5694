import type { ConversationLease, Lease, PromptRecord, RowId, TurnRecord } from './rows.js'

/** How a message reaches the agent while a turn runs: as a turn of its own after it, or with the next step of it. */
export type Delivery = 'queue' | 'steer'

/** What became of a message that was put in the line. */
export type Enqueued =
  | { readonly accepted: true; readonly delivery: Delivery; readonly steers: readonly RowId[] }
  | {
      readonly accepted: false
      readonly reason: 'taken' | 'settled' | 'missing' | 'no_input'
    }

/** Messages that wait for their turn, as rows. Without these verbs turns run in the order in which they are claimed. */
export interface InboxStore {
  /** Puts a pending message at the end of its conversation's line; a claim of it then waits for those before it. */
  enqueue?(request: {
    readonly conversationId: RowId
    readonly turnId: RowId
    readonly delivery?: Delivery
    readonly input?: unknown
  }): Promise<Enqueued>
  /** Takes a message back that no worker has taken. */
  withdraw?(turnId: RowId): Promise<'withdrawn' | 'taken' | 'settled' | 'missing'>
  /** The turn that is first in the line; null when no one waits. */
  nextInLine?(conversationId: RowId): Promise<RowId | null>
  /** Messages that are to reach the lease's turn, in order: those that wait, and those that were taken for it and run, or were cancelled and are not closed. */
  readSteers?(lease: Lease): Promise<readonly TurnRecord[]>
  /**
   * Moves one that waits to `running` under this lease, with the prompt by which it is about to be sent; false when that is not ours to do,
   * or its row has another `revision` than the one that was read.
   */
  takeSteer?(
    lease: ConversationLease,
    turnId: RowId,
    prompt: PromptRecord,
    revision?: number,
  ): Promise<boolean>
}
