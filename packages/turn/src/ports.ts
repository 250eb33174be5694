import type { Client } from '@turnstead/wire'
import type { RowId } from './ports/rows.js'

export type {
  HistoryEntry,
  HistoryHead,
  HistorySession,
  HistoryStore,
  ServerRecord,
} from './ports/history.js'
export type { Delivery, Enqueued, InboxStore } from './ports/inbox.js'
export type {
  ConversationLease,
  Lease,
  PartialReply,
  PromptRecord,
  Renewal,
  RowId,
  Settlement,
  StoredError,
  Tokens,
  TurnGlance,
  TurnNotice,
  TurnRecord,
  TurnStatus,
} from './ports/rows.js'
export type { MarkedServer, ServerLoad, ServerRows, ServerState } from './ports/servers.js'
export type {
  LeftTurn,
  NotClaimed,
  ObtainedSession,
  SessionOptions,
  SessionUpstream,
  TurnStore,
  QueuedTurn,
} from './ports/store.js'

/** What a turn uses of `wire`'s client; a host may hand in anything of the same shape. */
export type TurnClient = Pick<
  Client,
  'session' | 'message' | 'prompt' | 'permission' | 'question' | 'events' | 'request' | 'withScope'
>

/** Carries short messages between processes; loss is allowed, since all that counts is in the rows. */
export interface Notifier {
  /** Rejects when it could not be sent; that it arrives is not promised. */
  notify(topic: string, payload: string): Promise<void>
  /** Resolves when it listens, with what ends it. `null` says that messages may have been lost: ask the rows. */
  listen(
    topic: string,
    onMessage: (payload: string | null) => void,
  ): Promise<() => void | Promise<void>>
  /** The longest payload in bytes; longer messages are sent in pieces. Default 60,000. */
  readonly maxPayloadBytes?: number
}

/** Takes the files that a turn's tools produced. `@turnstead/artifacts` implements it. */
export interface ArtifactCollector<Report = unknown> {
  collect(request: {
    readonly turnId: RowId
    readonly conversationId: RowId
    readonly tools: readonly unknown[]
    /** Absolute paths that the server saw change in the turn, whatever changed them; there are none outside of git repositories. */
    readonly changes?: readonly string[]
    /** When the turn became terminal, in milliseconds since the epoch, if that is a while ago: files that changed later are not the turn's. */
    readonly settledAt?: number
    /** Aborts when the collector's time is over, the conversation is not held any more, or `signal` of the turn aborts: then the next worker collects. */
    readonly signal?: AbortSignal
  }): Promise<Report>
  /**
   * What the row keeps of a report, as plain JSON, so that a host reads it with the turn: `toReportSummary` of `@turnstead/artifacts` is
   * one. Default: nothing is kept.
   */
  summarize?(report: Report): unknown
}

/** Chooses the ids of a prompt. */
export interface IdSource {
  messageId(): string
  partId(): string
}
