/**
 * Folds what an OpenCode server says, by events and by polls, into one reply.
 *
 * ```ts
 * const reply = createReply({ sessionId, promptId })
 * for await (const event of subscription) {
 *   reply.apply(event)
 *   if (reply.settled().state !== 'running') break
 * }
 * reply.reconcile(await client.session.messages(sessionId))
 * ```
 */
export { createReply, parseReply } from './reply.js'
export type { ObserveOptions, Reply, ReplyOptions } from './reply.js'
export type { Poll } from './fold/reconcile.js'
export type { Settled, SettledOptions } from './view/settled.js'
export type { ReplyFile, ReplyResult } from './view/result.js'
export type { ReplyView, SubAgent } from './view/view.js'
export type { ReplyJson } from './view/snapshot.js'
export { SnapshotError } from './errors.js'
export type { SnapshotErrorCode } from './errors.js'
export type {
  AskPart,
  Attachment,
  CompactionPart,
  FilePart,
  PartIdentity,
  PartKind,
  PatchPart,
  ReasoningPart,
  ReplyPart,
  RetryPart,
  StepFinishPart,
  StepStartPart,
  TextPart,
  TodosPart,
  ToolPart,
  UnknownPart,
  WrittenPart,
} from './records/part.js'
export type { ToolStatus } from './records/tool-status.js'
export type { MessageRecord } from './state/message-record.js'
export type { Ask, AskState } from './records/ask.js'
export type { Todo } from './records/todo.js'
export type { Tokens } from './records/tokens.js'
export type { ReplyError } from './records/reply-error.js'
export type { Anomaly, AnomalyCode } from './state/anomaly.js'
export type { JsonObject, JsonValue } from './records/json-value.js'
export type { Change, ChangeBody } from './changes/change.js'
export type { ChangeOf, ReplyObserver } from './changes/observer.js'
