import type { AskChange, AskRecord } from '../ask-records.js'
import type { ServerRows } from './servers.js'
import type { InboxStore } from './inbox.js'
import type {
  ConversationLease,
  Lease,
  PartialReply,
  PromptRecord,
  Renewal,
  RowId,
  Settlement,
  Tokens,
  TurnGlance,
  TurnNotice,
  TurnRecord,
} from './rows.js'

/** What a turn asks of OpenCode on behalf of the row that owns the session. */
export interface SessionUpstream {
  create(session: {
    readonly key: string
    readonly title: string | null
  }): Promise<{ readonly id: string }>
  delete(sessionId: string): Promise<void>
  abort(sessionId: string): Promise<void>
  /** `incomplete`: not all sessions were looked at. */
  find(key: string): Promise<{ readonly id: string } | 'incomplete' | null>
}

/** How a turn asks for its session. */
export interface SessionOptions {
  readonly signal?: AbortSignal
  /** Must be the conversation's newest, else the store rejects with the code `lease_lost`. */
  readonly lease?: Pick<ConversationLease, 'fence'>
  /** Fingerprint of the permission rules that a new session is given; kept with it. */
  readonly rules?: string | null
}

/** The session of a conversation. */
export interface ObtainedSession {
  readonly sessionId: string
  readonly created: boolean
  /** What is known of it, where the store keeps that. */
  readonly rules?: string | null
  readonly title?: string | null
}

/** The answer to a claim that was not granted. */
export interface NotClaimed<Reason> {
  readonly claimed: false
  readonly reason: Reason
  /** When the holder's lease ends if it is not renewed, or a person's time, in milliseconds since the epoch; null where that is not known. */
  readonly heldUntil: number | null
  /** The holder bears the caller's own name: its process may have been restarted a moment ago. */
  readonly sameOwner: boolean
}

/** The answer to a claim of a turn in the line of its conversation while another one is before it, or waits for a person. */
export interface QueuedTurn extends NotClaimed<'queued'> {
  /** The turn that is to be run first; one that waits for a person has its claim refused as `waiting`. */
  readonly first: RowId
  readonly turn: TurnRecord | null
}

/** A turn that crashes or a queue have left. */
export interface LeftTurn {
  readonly turnId: RowId
  readonly conversationId: RowId
}

/** The rows. `@turnstead/session` implements it; any store of the same shape will do. What says on which server a conversation is, only a host with several servers needs. */
export interface TurnStore extends InboxStore, Partial<ServerRows> {
  /** Takes the turn lease, moves the row from `pending` to `running` and keeps the input if the row has none yet. */
  claim(request: {
    readonly conversationId: RowId
    readonly turnId: RowId
    readonly owner: string
    readonly leaseMs: number
    readonly input?: unknown
    /** Kept, as the input is, by the first claim that gives it. */
    readonly trace?: string | null
    readonly signal?: AbortSignal
  }): Promise<
    | {
        readonly claimed: true
        readonly lease: Lease
        /** The upstream session that the conversation's row has already; then it is not asked for once more. */
        readonly conversation?: {
          readonly sessionId: string | null
          /** Fingerprint of its permission rules. */
          readonly rules: string | null
          readonly title: string | null
          /** The server on which it is. */
          readonly server?: string | null
        }
        readonly turn: TurnRecord
        /** Other turns of the conversation that an earlier claim left unfinished, oldest first: still `running`, or over and not closed. */
        readonly leftovers: readonly TurnRecord[]
      }
    | (NotClaimed<'busy' | 'waiting' | 'settled' | 'missing'> & {
        readonly turn: TurnRecord | null
      })
    | QueuedTurn
  >
  /** Takes the lease of a conversation without one of its turns, to finish what was left. */
  claimConversation(request: {
    readonly conversationId: RowId
    readonly owner: string
    readonly leaseMs: number
    readonly signal?: AbortSignal
  }): Promise<
    | {
        readonly claimed: true
        readonly lease: ConversationLease
        /** The server on which it is. */
        readonly server?: string | null
        readonly leftovers: readonly TurnRecord[]
      }
    | NotClaimed<'busy' | 'missing'>
  >
  /** Puts a leftover of the held conversation under this lease's fence; null when the lease was lost or it is no leftover any more. */
  adopt(
    lease: ConversationLease,
    turnId: RowId,
  ): Promise<{ readonly lease: Lease; readonly turn: TurnRecord } | null>
  /** Extends the lease, also an expired one that no one took; reports a cancel and a lease that another worker took. */
  renew(lease: ConversationLease, options: { readonly leaseMs: number }): Promise<Renewal>
  /**
   * The same for many leases at once, in the order given: a process renews all its leases by it. Null for one that is to be
   * asked about by `renew`. Without it each run renews by itself.
   */
  readonly renewAll?:
    | ((
        leases: readonly ConversationLease[],
        options: { readonly leaseMs: number },
      ) => Promise<readonly (Renewal | null)[]>)
    | undefined
  /**
   * Wakes a worker when something happens to its turn that another process did; the result stops it. A hint only, which
   * may be lost: what it is about is read from the row. Without it a worker learns of it by its next renewal.
   */
  readonly watch?: ((turnId: RowId, wake: (notice: TurnNotice) => void) => () => void) | undefined
  /**
   * Moves a running turn that was asked nothing back to `pending`, where it was in the line. False when the lease was lost, the turn is
   * over or has a prompt. Without it such a turn stays `running` until a worker runs it.
   */
  giveBack?(lease: Lease): Promise<boolean>
  release(lease: ConversationLease): Promise<void>
  /**
   * False when the lease was lost; then nothing may be sent.
   *
   * @param spent - What earlier prompts of this turn cost; it stays in the row until the turn is settled.
   */
  recordPrompt(
    lease: Lease,
    prompt: PromptRecord,
    spent?: { readonly cost: number; readonly tokens: Tokens },
  ): Promise<boolean>
  /** Keeps the reply so far, given as for {@link PartialReply}; false when the lease was lost or the turn is over. */
  snapshot(
    lease: Lease,
    fields: { readonly reply: unknown; readonly text: string },
  ): Promise<boolean>
  /** Compare-and-set out of `running`; false when another worker settled the row or took the lease. */
  settle(lease: Lease, settlement: Settlement): Promise<boolean>
  /** Keeps the partial reply of a turn that was cancelled; its status stays. */
  keepPartial(lease: Lease, fields: PartialReply): Promise<boolean>
  /** Notes that everything after the end was done, and keeps `files`, plain JSON, with the turn. */
  closeTurn(lease: Lease, end?: { readonly files?: unknown }): Promise<boolean>
  /**
   * Merges what the worker saw and did into the row's asks, and gives all of them as they are then; an empty list reads. Null
   * when the lease was lost or the turn is over. Without it only the policy decides, and no other process can answer.
   */
  updateAsks?(lease: Lease, changes: readonly AskChange[]): Promise<readonly AskRecord[] | null>
  /**
   * Moves a running turn whose ask is open to `waiting`: from then on neither it nor another turn of its conversation is claimed, the
   * latter being `busy`, before someone answers or `dueAt` is over; times are in milliseconds since the epoch. False when it may not
   * wait: the lease was lost, the turn is over, or there is an answer that was not sent. Without it a worker waits with its turn.
   */
  park?(
    lease: Lease,
    request: { readonly dueAt: number | null; readonly remindAt?: number | null },
  ): Promise<boolean>
  read(turnId: RowId): Promise<TurnRecord | null>
  /** Where turns stand, cheaply, in the order given; null for one that is not there. Without it, following reads whole rows. */
  peek?(turnIds: readonly RowId[]): Promise<readonly (TurnGlance | null)[]>
  /**
   * Looks through all rows for what crashes left: turns that run while no one holds their conversation, that are over and not closed,
   * and that no worker has taken for long; and for those that waited for a person and are due. Without it there is no `resumeTurns`.
   */
  sweep?(request: { readonly limit?: number }): Promise<{
    readonly strandedTurns: readonly LeftTurn[]
    readonly unclosedTurns: readonly LeftTurn[]
    readonly dueTurns?: readonly LeftTurn[]
    /** `isInLine`: its row says what is asked, and whoever is first in the line may run it. */
    readonly pendingTurns: readonly (LeftTurn & { readonly isInLine?: boolean })[]
    /** There may be more. */
    readonly hasMore: boolean
  }>
  /** The user's cancel: `pending`, `running` or `waiting` becomes `cancelled`. False when the turn is over or missing. */
  cancel(request: { readonly turnId: RowId; readonly reason?: string | null }): Promise<boolean>
  ensureSession(
    conversationId: RowId,
    upstream: SessionUpstream,
    options?: SessionOptions,
  ): Promise<ObtainedSession>
  recreateSession(
    conversationId: RowId,
    staleSessionId: string,
    upstream: SessionUpstream,
    options?: SessionOptions,
  ): Promise<ObtainedSession>
  /** Keeps what is known of the session beside its id; false when the lease was lost. Without it a change of rules does not reach a session. */
  noteSession?(
    lease: Lease,
    note: { readonly sessionId: string; readonly rules?: string | null; readonly title?: string },
  ): Promise<boolean>
}
