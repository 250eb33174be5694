import type { AskVerbs } from './store/ask-verbs.js'
import type { ParkVerbs } from './store/park-verbs.js'
import type {
  ConversationLease,
  PartialReply,
  PromptRecord,
  RowId,
  Settlement,
  Spent,
  Lease,
  TurnGlance,
  TurnRecord,
  TurnStatus,
} from './records.js'
import type { TurnNotice } from './notifier.js'
import type { SessionUpstream } from './session-upstream.js'
import type { ServerVerbs } from './store/server-verbs.js'
import type {
  ClaimRequest,
  ClaimResult,
  ConversationClaimRequest,
  ConversationClaimResult,
} from './store/claims.js'
import type { InboxVerbs } from './store/inbox-verbs.js'
import type { UpkeepVerbs } from './store/upkeep-verbs.js'

export type {
  ClaimRequest,
  ClaimResult,
  ConversationClaimRequest,
  ConversationClaimResult,
} from './store/claims.js'

/** What a renewal says. */
export interface Renewal {
  /** The lease is still this claim's; told by the write itself. */
  readonly held: boolean
  /** Where the turn stands: `cancelled` also when its row is gone, `running` for a lease without a turn. */
  readonly status: TurnStatus
  /** Counts the changes of the turn's asks, and the messages that came for it: one that rose means that there is something to read. */
  readonly asksRevision: number
}

/** The upstream session of a conversation. */
export interface SessionResult {
  /** Its id on the server. */
  readonly sessionId: string
  /** True for the one caller that created it. */
  readonly created: boolean
  /** Fingerprint of its permission rules, as it was stored last; null when none was. */
  readonly rules: string | null
  /** The title that the server gave it, as it was noted last, else the host's own; null when there is neither. */
  readonly title: string | null
}

/** How a session is asked for. */
export interface SessionOptions {
  /** Gives the call up. */
  readonly signal?: AbortSignal
  /** The lease that must be the conversation's newest, else `lease_lost`. Default: any caller may. */
  readonly lease?: Pick<ConversationLease, 'fence'>
  /** Fingerprint, at most 64 characters, of the permission rules that `create` gives a session; stored with it. Default: none. */
  readonly rules?: string | null
}

/**
 * The rows of conversations and turns. Every write is one statement that repeats its own condition, so any
 * number of workers may race; none is called inside of a transaction. A failure of the database rejects with a `SessionError` of code
 * `database_failed`, a row that does not stand still with `row_contended`.
 */
export interface SessionStore
  extends AskVerbs, ParkVerbs, UpkeepVerbs, Partial<ServerVerbs>, Partial<InboxVerbs> {
  /**
   * Takes the lease of the turn's conversation and moves the turn to `running`. A conversation runs one turn at a time. A
   * lease is free when it expired or was released, and for the same turn and owner when another life of the owner's
   * process has not renewed it for three tenths of `leaseMs`. This very process is refused while it holds the
   * lease. On a turn that is over, a lease that an earlier life of this owner left is given back.
   */
  claim(request: ClaimRequest): Promise<ClaimResult>
  /** Takes the lease of a conversation without a turn, for finishing what earlier claims left. */
  claimConversation(request: ConversationClaimRequest): Promise<ConversationClaimResult>
  /**
   * Puts a leftover of the lease's conversation under this lease; its status stays. Use the returned lease for every verb on
   * that turn, and either one for `renew` and `release`. Null when the lease was lost or the turn is no leftover any more.
   */
  adopt(
    lease: ConversationLease,
    turnId: RowId,
  ): Promise<{ readonly lease: Lease; readonly turn: TurnRecord } | null>
  /**
   * Extends a lease that no one took over or released, also one that expired meanwhile: `held` says so. Beside it, where the
   * turn stands.
   */
  renew(lease: ConversationLease, options: { readonly leaseMs: number }): Promise<Renewal>
  /**
   * Renews many leases, as `renew` does each, in the order given. A process renews all its leases by this: one write
   * and one read for each 500 of them, whatever their number, and a few more when some were lost. Null for one of which it
   * is not known, since its row is damaged or locked by someone else: ask about it with `renew`.
   */
  renewAll(
    leases: readonly ConversationLease[],
    options: { readonly leaseMs: number },
  ): Promise<readonly (Renewal | null)[]>
  /**
   * Moves a running turn that was asked nothing, no prompt being recorded, back to `pending`, to its place in the line: release the
   * lease then. False when the lease was lost, the turn is over or has a prompt; true when it is repeated under the same lease.
   */
  giveBack(lease: Lease): Promise<boolean>
  /** Gives the lease back. Does nothing when it was taken over. */
  release(lease: ConversationLease): Promise<void>
  /**
   * Stores the prompt that is about to be sent, and what earlier prompts of this turn cost. False when the lease was lost or
   * the turn is over: then nothing may be sent.
   */
  recordPrompt(lease: Lease, prompt: PromptRecord, spent?: Spent): Promise<boolean>
  /** Stores the reply so far, given as for {@link PartialReply}, without model hooks. False when the lease was lost or the turn is over. */
  snapshot(
    lease: Lease,
    fields: { readonly reply: unknown; readonly text: string },
  ): Promise<boolean>
  /**
   * Writes the terminal state, from `running` only. False when the lease was lost or another one settled or cancelled before;
   * true when it is repeated under the same lease. Never refused for good: what the database does not take is left out,
   * with the reason `reply_not_stored` or `text_not_stored` where there is no other. A settlement as `cancelled` that finds
   * the user's cancel keeps the partial reply.
   */
  settle(lease: Lease, settlement: Settlement): Promise<boolean>
  /**
   * Stores the partial reply of a turn that was cancelled under this lease; its status stays. False in every other case.
   * Leaves out what the database does not take, as `settle` does.
   */
  keepPartial(lease: Lease, fields: PartialReply): Promise<boolean>
  /**
   * Notes that all that follows the end was done: the agent is stopped, the reply and the files are kept. Until then a later claim
   * reports the turn as a leftover. False when the lease was lost or the turn is not over; may be repeated.
   *
   * @param end.files - What the row keeps of the turn's files, as JSON. Default: what it has.
   */
  closeTurn(lease: Lease, end?: { readonly files?: unknown }): Promise<boolean>
  /**
   * The user's cancel: `pending`, `running` or `waiting` becomes `cancelled`. False when the turn is over or missing.
   *
   * @param request.reason - Why, for the row. Default: null.
   */
  cancel(request: { readonly turnId: RowId; readonly reason?: string | null }): Promise<boolean>
  /**
   * Calls back when another process, or this one, did something to the turn's row; the result ends it. A hint that may be lost:
   * what happened is in the row. Without a `notifier` it never calls back.
   */
  watch(turnId: RowId, wake: (notice: TurnNotice) => void): () => void
  /** The turn as it stands; null when there is none, also for an id that none can have. */
  read(turnId: RowId): Promise<TurnRecord | null>
  /**
   * Where many turns stand, by one statement for each 500: to be asked often, before `read` is. In the order given; null for a
   * turn that is not there.
   */
  peek(turnIds: readonly RowId[]): Promise<readonly (TurnGlance | null)[]>
  /**
   * The conversation's upstream session, created when there is none. Of any number of racing callers one creates; the others
   * wait for its id. Rejects with `conversation_not_found`, `lease_lost`, `session_create_timeout`, `session_create_failed`,
   * or the upstream's own error.
   */
  ensureSession(
    conversationId: RowId,
    upstream: SessionUpstream,
    options?: SessionOptions,
  ): Promise<SessionResult>
  /**
   * Replaces a session that the server does not know any more. When another worker replaced it already, its id is the
   * answer. The stale session is not deleted, but reported to `onOrphan`: if the server only seemed not to know it, it is
   * all that was said.
   */
  recreateSession(
    conversationId: RowId,
    staleSessionId: string,
    upstream: SessionUpstream,
    options?: SessionOptions,
  ): Promise<SessionResult>
  /**
   * Notes what the worker did to the session, or learned of it: the fingerprint of its permission rules, the title that the
   * server gave it. False when the lease was lost or the conversation has another session.
   */
  noteSession(
    lease: ConversationLease,
    note: {
      readonly sessionId: string
      /** At most 64 characters. Default: left as it is. */
      readonly rules?: string | null
      /** Kept beside the host's own title. Default: left as it is. */
      readonly title?: string
    },
  ): Promise<boolean>
  /** Stops what runs in the conversation's session. False when it has none. */
  abortSession(conversationId: RowId, upstream: Pick<SessionUpstream, 'abort'>): Promise<boolean>
}
