import type {
  ConversationRecord,
  Lease,
  PartialReply,
  PromptRecord,
  RowId,
  Settlement,
  TurnRecord,
  TurnStatus,
} from './records.js'
import type { SessionUpstream } from './session-upstream.js'

/** Who wants to run which turn, and for how long at first. */
export interface ClaimRequest {
  /** The conversation that the message belongs to. */
  readonly conversationId: RowId
  /** The message whose turn is to be run. */
  readonly turnId: RowId
  /** Names the worker, at most 255 characters. A worker that starts again under its old name need not wait for its old lease. */
  readonly owner: string
  /** How long nobody else may take over without a `renew`, in milliseconds. */
  readonly leaseMs: number
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
    }
  | {
      readonly claimed: false
      /**
       * `busy`: the conversation is held, by this turn's or another turn's worker. `settled`: the turn is over. `missing`: no
       * such message in this conversation, or its status column is null.
       */
      readonly reason: 'busy' | 'settled' | 'missing'
      /** The turn as it stands; null when missing. */
      readonly turn: TurnRecord | null
      /** When the holder's lease expires, in milliseconds since the epoch; null unless busy. */
      readonly heldUntil: number | null
    }

/** The upstream session of a conversation. */
export interface SessionResult {
  /** Its id on the server. */
  readonly sessionId: string
  /** True for the one caller that created it. */
  readonly created: boolean
}

/**
 * The rows of conversations and turns. Every write is one statement that repeats its own condition, so any
 * number of workers may race; no verb opens a transaction. Database failures reject with a `SessionError`
 * of code `database_failed`.
 */
export interface SessionStore {
  /**
   * Takes the conversation's turn lease and moves the turn to `running`. Succeeds when the lease is free or expired, or
   * when the same owner asks again for the same message. Each success raises the fence. A turn that is over answers
   * `settled`; its own owner's lease, which a worker that died before `release` left, is given back then.
   */
  claim(request: ClaimRequest): Promise<ClaimResult>
  /** Extends a lease that nobody took over, also one that expired meanwhile; tells of a person's cancel. A turn whose row is gone counts as cancelled. */
  renew(
    lease: Lease,
    options: { readonly leaseMs: number },
  ): Promise<{ readonly held: boolean; readonly status: TurnStatus }>
  /** Gives the lease back. Does nothing when it was taken over. */
  release(lease: Lease): Promise<void>
  /** Stores the prompt that is about to be sent. False when the lease was lost or the turn is over: then nothing may be sent. */
  recordPrompt(lease: Lease, prompt: PromptRecord): Promise<boolean>
  /** Stores the reply so far, without model hooks. False when the lease was lost or the turn is over. */
  snapshot(
    lease: Lease,
    fields: { readonly reply: unknown; readonly text: string },
  ): Promise<boolean>
  /** Writes the terminal state, from `running` only. False when the lease was lost or somebody settled or cancelled before. */
  settle(lease: Lease, settlement: Settlement): Promise<boolean>
  /** Stores the partial reply of a turn that was cancelled under this lease; its status stays. False in every other case. */
  keepPartial(lease: Lease, fields: PartialReply): Promise<boolean>
  /** A person's stop: `pending` or `running` becomes `cancelled`. False when the turn is over or missing. */
  cancel(request: {
    /** The message whose turn is to end. */
    readonly turnId: RowId
    /** Why, for the row. Default: null. */
    readonly reason?: string | null
  }): Promise<boolean>
  /** The turn as it stands; null when there is none. */
  read(turnId: RowId): Promise<TurnRecord | null>
  /**
   * The conversation's upstream session, created when there is none. Of any number of racing callers one creates; the others
   * wait for its id. Rejects with `conversation_not_found`, `session_create_timeout`, `session_create_failed`, or the upstream's own error.
   */
  ensureSession(
    conversationId: RowId,
    upstream: SessionUpstream,
    options?: { readonly signal?: AbortSignal },
  ): Promise<SessionResult>
  /**
   * Replaces a session that the server does not know any more. When another worker replaced it already, its id is the
   * answer. The stale session is deleted upstream.
   */
  recreateSession(
    conversationId: RowId,
    staleSessionId: string,
    upstream: SessionUpstream,
    options?: { readonly signal?: AbortSignal },
  ): Promise<SessionResult>
  /** Stops what runs in the conversation's session. False when it has none. */
  abortSession(conversationId: RowId, upstream: Pick<SessionUpstream, 'abort'>): Promise<boolean>
}
