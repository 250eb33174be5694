/**
 * Run one OpenCode turn from the user's prompt to the settled row, surviving everything on the way.
 *
 * ```ts
 * const result = await runTurn({ client, store, conversationId, turnId, prompt: { text } })
 * ```
 *
 * @packageDocumentation
 */
export { runTurn } from './run-turn.js'
export type { Prompt, PromptPart, SessionSetup, TurnOptions, TurnStep } from './options.js'
export type {
  CancelledTurn,
  CompletedTurn,
  FailedTurn,
  SettledTurn,
  Skipped,
  TurnResult,
} from './result.js'
export { rejectAsks, waitForPerson } from './steps/attend-asks.js'
export type { AskAnswer, AskPolicy } from './steps/attend-asks.js'
export { defaultBudgets } from './budgets.js'
export type { Budgets } from './budgets.js'
export type { StopReport } from './steps/stop.js'
export { TurnError } from './errors.js'
export type { TurnErrorCode } from './errors.js'
export type {
  ArtifactCollector,
  IdSource,
  Lease,
  PromptRecord,
  RowId,
  SessionUpstream,
  Settlement,
  StoredTurn,
  Tokens,
  TurnClient,
  TurnStatus,
  TurnStore,
} from './ports.js'
export { systemClock } from './clock.js'
export type { Clock } from './clock.js'
