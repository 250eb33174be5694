import type { ConversationLease, ConversationRecord, Lease, RowId, TurnRecord } from '../records.js'

/** Who wants to run which turn, and for how long at first. */
export interface ClaimRequest {
  /** The conversation that the message belongs to. */
  readonly conversationId: RowId
  /** The message whose turn is to be run. */
  readonly turnId: RowId
  /**
   * Names the worker, at most 255 characters: unique to its process, and the same when that starts again. A worker that
   * starts again need not wait for the whole of its old lease.
   */
  readonly owner: string
  /** How long no one else may take over without a `renew`, in milliseconds. Renew ten times as often. */
  readonly leaseMs: number
  /** What the user asked, as JSON; kept by the first claim that has it, so that the turn can be run without its job. Default: none. */
  readonly input?: unknown
  /** W3C `traceparent` under which the turn begins, at most 255 characters; kept by the first claim that has it. Default: none. */
  readonly trace?: string | null
  /** Gives the call up; a lease that was taken already is given back. */
  readonly signal?: AbortSignal
}

/** The answer to a claim. */
export type ClaimResult =
  | {
      readonly claimed: true
      /** To be given to every later verb. */
      readonly lease: Lease
      /** The conversation as the claim found it. */
      readonly conversation: ConversationRecord
      /** The turn, now `running`; what an earlier worker stored is in it. */
      readonly turn: TurnRecord
      /**
       * Other turns of the conversation that earlier claims left unfinished, oldest first, at most 8: `running` under an
       * older fence, or over with a prompt and not closed. The claim does not change them; `adopt` does.
       */
      readonly leftovers: readonly TurnRecord[]
    }
  | {
      readonly claimed: false
      /**
       * `busy`: the conversation is held, by this turn's or another turn's worker, or, for one that is not in the line, by another turn
       * that waits for a person.
       * `waiting`: this turn does so, and is not due. `settled`: the turn is over. `missing`: no such message in this conversation,
       * or its status column is null.
       */
      readonly reason: 'busy' | 'waiting' | 'settled' | 'missing'
      /** The turn as it stands; null when missing. */
      readonly turn: TurnRecord | null
      /**
       * When a claim may succeed, unless the holder renews or a person answers before, in milliseconds since the epoch; null unless
       * `busy` or `waiting`, and where only an answer ends the wait.
       */
      readonly heldUntil: number | null
      /** Whether the holder has this owner's name: this very process, an earlier life of it, or one that copied its name. */
      readonly sameOwner: boolean
    }
  | {
      readonly claimed: false
      /** It is in the line of its conversation (`enqueue`), and another one is before it, or waits for a person and is not due. */
      readonly reason: 'queued'
      /** The turn that is to be run first. */
      readonly first: RowId
      readonly turn: TurnRecord | null
      readonly heldUntil: null
      readonly sameOwner: false
    }

/** Who wants a conversation without one of its turns. */
export type ConversationClaimRequest = Omit<ClaimRequest, 'turnId' | 'input' | 'trace'>

/** The answer to a claim of a conversation. */
export type ConversationClaimResult =
  | {
      readonly claimed: true
      /** For `adopt`, `renew` and `release`. */
      readonly lease: ConversationLease
      /** The server on which it is, as `placeConversation` noted it; null before, absent where the store cannot. */
      readonly server?: string | null
      /** As of a claimed turn. */
      readonly leftovers: readonly TurnRecord[]
    }
  | {
      readonly claimed: false
      /** `busy`: it is held. `missing`: there is no such conversation. */
      readonly reason: 'busy' | 'missing'
      /** As of a claimed turn. */
      readonly heldUntil: number | null
      /** As of a claimed turn. */
      readonly sameOwner: boolean
    }
