/**
 * Folds what an OpenCode server says, by events and by polls, into one reply.
 *
 * ```ts
 * const reply = createReply({ sessionId, promptId })
 * for await (const event of subscription) {
 *   reply.apply(event)
 *   if (reply.outcome().state !== 'running') break
 * }
 * reply.reconcile(await client.session.messages(sessionId))
 * ```
 */
export { createReply, parseReply } from './reply.js'
export type { ObserveOptions, Reply, ReplyOptions } from './reply.js'
export type { Note } from './fold/note.js'
export type { Poll } from './fold/reconcile.js'
export type {
  CompletedOutcome,
  FailedOutcome,
  Outcome,
  OutcomeOptions,
  RunningOutcome,
  UnknownOutcome,
} from './records/outcome.js'
export type { ReplyFile, ReplyResult } from './view/result.js'
export type { ReplyView, SubAgent } from './records/reply-view.js'
export type { ReplyJson } from './view/serialize.js'
export { SnapshotError } from './errors.js'
export type { SnapshotErrorCode } from './errors.js'
export { version } from './version.js'
export type {
  AskPart,
  Attachment,
  CompactionPart,
  FilePart,
  NotePart,
  PartIdentity,
  PartKind,
  PatchPart,
  ReasoningPart,
  ReplyPart,
  RetryPart,
  StepFinishPart,
  StepStartPart,
  StoredFile,
  TextPart,
  TodosPart,
  ToolPart,
  UnknownPart,
  WrittenPart,
} from './records/part.js'
export type { ServerToolStatus, ToolStatus } from './records/tool-status.js'
export type { MessageRecord } from './records/message-record.js'
export type {
  Ask,
  AskIdentity,
  AskState,
  PermissionAsk,
  Question,
  QuestionAsk,
  QuestionOption,
} from './records/ask.js'
export type { Todo } from './records/todo.js'
export type { ChangedFile, Diagnosed, FileDiff, Process, Workspace } from './records/workspace.js'
export type { Tokens } from './records/tokens.js'
export type { ReplyError } from './records/reply-error.js'
export type { Anomaly, AnomalyCode } from './records/anomaly.js'
export type { JsonObject, JsonValue } from './records/json-value.js'
export type { Change, ChangeBody } from './changes/change.js'
export type { ChangeOf, ReplyObserver } from './changes/observer.js'
export { observeAnswer } from './changes/observe-answer.js'
export type { AnswerCallbacks } from './changes/observe-answer.js'
export type { ReplySource } from './changes/reply-source.js'
