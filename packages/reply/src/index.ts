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
export type { Poll } from './reconcile.js'
export type { Settled, SettledOptions } from './settled.js'
export type { ReplyFile, ReplyResult } from './result.js'
export type { ReplyView, SubAgent } from './view.js'
export type { ReplyJson } from './snapshot.js'
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
} from './part.js'
export type { ToolStatus } from './tool-status.js'
export type { MessageRecord } from './message-record.js'
export type { Ask, AskState } from './ask.js'
export type { Todo } from './todo.js'
export type { Tokens } from './tokens.js'
export type { ReplyError } from './reply-error.js'
export type { Anomaly, AnomalyCode } from './anomaly.js'
export type { JsonObject, JsonValue } from './json-value.js'
export type { Change, ChangeBody } from './change.js'
export type { ChangeOf, ReplyObserver } from './observer.js'
