/**
 * The rows of conversations and turns on a host's own tables: leases with a fence, prompts stored before they are sent,
 * terminal writes by compare-and-set, and upstream sessions of which any race creates exactly one.
 *
 *     const store = createSessionStore({ knex })
 *     const claim = await store.claim({ conversationId, turnId, owner: 'worker-1', leaseMs: 60_000 })
 *     if (claim.claimed) await store.settle(claim.lease, settlement)
 */
export { answerAmong } from './asks/answer-among.js'
export type { AskingTurn } from './asks/answer-among.js'
export { closedByEnd, mergeAsks, oldestWaiting } from './asks/merge-asks.js'
export { assertSchema } from './migrations/assert-schema.js'
export type { SchemaOptions } from './migrations/assert-schema.js'
export type {
  AskChange,
  AskDecision,
  AskIdentity,
  AskQuestion,
  AskRecord,
  AskState,
  OpenAsk,
} from './ask-records.js'
export type { AnswerRequest, AnswerResult, AskVerbs } from './store/ask-verbs.js'
export type {
  EnqueueRequest,
  EnqueueResult,
  InboxVerbs,
  WithdrawResult,
} from './store/inbox-verbs.js'
export type { ParkRequest, ParkVerbs } from './store/park-verbs.js'
export type { Clock } from './clock.js'
export { createSessionStore } from './create-session-store.js'
export type { KnexSessionStore } from './create-session-store.js'
export { SessionError } from './errors.js'
export type { SessionErrorCode } from './errors.js'
export {
  conversationColumns,
  messageColumns,
  migrationSource,
  migrationSql,
  migrations,
  serversMigration,
  serversSql,
  turnMigration,
} from './migrations.js'
export type {
  MigrationSql,
  MigrationSqlOptions,
  NamedMigration,
  ServersSqlOptions,
  ServersTableOptions,
  TurnMigration,
  TurnMigrationOptions,
  VersionOptions,
} from './migrations.js'
export { createLocalNotifier } from './notifier.js'
export type { LocalNotifierOptions, Notifier, OpenNotifier, TurnNotice } from './notifier.js'
export type { OrphanSession } from './verbs/discard-session.js'
export { isTerminal } from './records.js'
export type {
  ConversationRecord,
  ConversationLease,
  Delivery,
  PartialReply,
  PromptRecord,
  RowId,
  Settlement,
  Spent,
  StoredError,
  TerminalStatus,
  Tokens,
  Lease,
  TurnGlance,
  TurnRecord,
  TurnStatus,
} from './records.js'
export type {
  ClaimRequest,
  ClaimResult,
  ConversationClaimRequest,
  ConversationClaimResult,
  Renewal,
  SessionOptions,
  SessionResult,
  SessionStore,
} from './session-store.js'
export type { SessionStoreOptions } from './session-store-options.js'
export type { RunningTurn, SessionQueries, TurnPage, WaitingTurn } from './store/session-queries.js'
export type { MarkedServer, ServerLoad, ServerState, ServerVerbs } from './store/server-verbs.js'
export type { SessionUpstream } from './session-upstream.js'
export type { ConversationColumns, MessageColumns, TableOptions } from './tables.js'
export type {
  RemovedConversation,
  SweepReport,
  SweepRequest,
  SweepUpstream,
  SweptTurn,
  UpkeepVerbs,
  UpstreamSession,
} from './store/upkeep-verbs.js'
export { channels } from './tracing/channels.js'
export type { SessionChannels, VerbTrace } from './tracing/channels.js'
