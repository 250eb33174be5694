/**
 * Run one OpenCode turn from the user's prompt to the settled row, surviving everything on the way.
 *
 * ```ts
 * const result = await runTurn({ client, store, owner, conversationId, turnId, prompt: { text } })
 * ```
 *
 * @packageDocumentation
 */
export { runTurn } from './run-turn.js'
export { resumeTurns } from './resume-turns.js'
export type { ResumeOptions, ResumeReport } from './resume-turns.js'
export { ask } from './ask.js'
export type { AskOptions } from './ask.js'
export { followTurn } from './live/follow-turn.js'
export type { FollowOptions } from './live/follow-turn.js'
export type { FollowedTurn } from './live/followed-turn.js'
export type { TurnStanding } from './live/standing.js'
export { createTurnWorker } from './worker/turn-worker.js'
export type { TurnJob, TurnWorker, TurnWorkerHealth, TurnWorkerOptions } from './worker/options.js'
export { createMemoryStore } from './memory/memory-store.js'
export type { MemoryStore, MemoryStoreOptions } from './memory/memory-store.js'
export { createMemoryHistory } from './memory/memory-history.js'
export { drainServer } from './place/drain-server.js'
export type { DrainOptions } from './place/drain-server.js'
export { upstreamOfAll } from './place/upstream-of-all.js'
export type {
  NamedServer,
  PromptDefaults,
  SessionSetup,
  TurnActivity,
  TurnOptions,
  TurnPorts,
  TurnSetup,
} from './options.js'
export type { BeforeRestore, Recovery, RetellHistory } from './ports/recovery.js'
export type { Timing } from './ports/timing.js'
export type { Prompt, PromptPart } from './prompt.js'
export type {
  CancelledTurn,
  CompletedTurn,
  FailedTurn,
  SettledTurn,
  Skipped,
  StopReport,
  TurnResult,
} from './result.js'
export { rejectAsks, waitForPerson } from './ask-policy.js'
export type { AskPolicy, AskWait, PolicyDecision } from './ask-policy.js'
export { asksByRules } from './asks/policy-rules.js'
export type { AskRule, AskRules, RuleAction } from './asks/policy-rules.js'
export type {
  AnswerRequest,
  AnswerResult,
  AskChange,
  AskDecision,
  AskQuestion,
  AskRecord,
  OpenAsk,
} from './ask-records.js'
export { defaultBudgets } from './budgets.js'
export type { Budgets, BudgetWarning } from './budgets.js'
export type { OutputOptions, StandardSchema } from './output.js'
export { endingOf, turnEndings } from './endings.js'
export type { CompletedEnding, EndingFacts, TurnEnding } from './endings.js'
export { channels } from './tracing/channels.js'
export type {
  AgentTrace,
  ArtifactTrace,
  AskDecider,
  AskTrace,
  ClaimTrace,
  DeliveryTrace,
  ObservedTrace,
  SessionTrace,
  SettleTrace,
  StepTrace,
  ToolTrace,
  Traced,
  TurnChannels,
  TurnTrace,
} from './tracing/channels.js'
export { TurnError } from './errors.js'
export type {
  ErrorContext,
  ProviderFailure,
  TurnErrorCode,
  TurnErrorDetails,
  TurnStep,
} from './errors.js'
export type {
  ArtifactCollector,
  ConversationLease,
  Delivery,
  Enqueued,
  HistoryEntry,
  HistoryHead,
  HistorySession,
  HistoryStore,
  IdSource,
  InboxStore,
  Lease,
  LeftTurn,
  MarkedServer,
  NotClaimed,
  ObtainedSession,
  Notifier,
  PartialReply,
  PromptRecord,
  RowId,
  ServerLoad,
  ServerRecord,
  ServerRows,
  ServerState,
  SessionOptions,
  SessionUpstream,
  Settlement,
  StoredError,
  Tokens,
  TurnClient,
  TurnNotice,
  TurnGlance,
  TurnRecord,
  TurnStatus,
  TurnStore,
  QueuedTurn,
} from './ports.js'
export { sessionUpstream } from './upstream.js'
export type { ClientUpstream, ListedSession, UpstreamOptions } from './upstream.js'
export type { Clock } from './clock.js'
