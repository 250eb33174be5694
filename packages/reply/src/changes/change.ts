import type { Anomaly } from '../records/anomaly.js'
import type { MessageRecord } from '../records/message-record.js'
import type { Ask } from '../records/ask.js'
import type { ReplyPart, RetryPart, StepFinishPart, ToolPart } from '../records/part.js'
import type { ReplyError } from '../records/reply-error.js'
import type { Todo } from '../records/todo.js'
import type { ReplyView } from '../records/reply-view.js'
import type { Tokens } from '../records/tokens.js'
import type { Workspace } from '../records/workspace.js'

/** A part appeared. */
export interface PartAdded {
  readonly type: 'part-added'
  readonly part: ReplyPart
  /** Id of the part that it follows in its session; `null` when it is the first. */
  readonly after: string | null
}

/** A text or reasoning part grew. */
export interface TextDelta {
  readonly type: 'text-delta'
  readonly partId: string
  readonly messageId: string
  readonly sessionId: string
  readonly kind: 'text' | 'reasoning'
  readonly delta: string
  /** Length of the whole text after the delta, in UTF-16 units. */
  readonly length: number
}

/** A part was restated: corrected, marked as lost or gapped, decorated. */
export interface PartChanged {
  readonly type: 'part-changed'
  readonly part: ReplyPart
}

/** The server stated a text or reasoning part in full, with or without a difference. */
export interface PartFinished {
  readonly type: 'part-finished'
  readonly part: ReplyPart
}

/** A tool call moved on or was decorated. */
export interface ToolProgressed {
  readonly type: 'tool-progressed'
  readonly part: ToolPart
}

/** A part disappeared. */
export interface PartRemoved {
  readonly type: 'part-removed'
  readonly partId: string
  readonly sessionId: string
}

/** The model ended a step. Follows the `part-added` of that part, once. */
export interface StepFinished {
  readonly type: 'step-finished'
  readonly part: StepFinishPart
}

/** An assistant message appeared or changed. */
export interface MessageChanged {
  readonly type: 'message-changed'
  readonly message: MessageRecord
}

/** An assistant message disappeared, with its parts. */
export interface MessageRemoved {
  readonly type: 'message-removed'
  readonly messageId: string
}

/** A sub-agent appeared, was linked to its tool part, or changed its title. */
export interface ChildChanged {
  readonly type: 'child-changed'
  readonly sessionId: string
  readonly parentSessionId: string | null
  readonly toolPartId: string | null
  readonly title: string | null
  readonly agent: string | null
}

/** The todo list changed. */
export interface TodosChanged {
  readonly type: 'todos-changed'
  readonly todos: readonly Todo[]
}

/** A person is asked. */
export interface AskOpened {
  readonly type: 'ask-opened'
  readonly ask: Ask
}

/** An ask was answered or rejected. */
export interface AskResolved {
  readonly type: 'ask-resolved'
  readonly ask: Ask
}

/** An ask is no longer listed by the server, and its answer was never seen. */
export interface AskExpired {
  readonly type: 'ask-expired'
  readonly ask: Ask
}

/** An ask turned out to be of another turn. */
export interface AskWithdrawn {
  readonly type: 'ask-withdrawn'
  readonly askId: string
}

/** The provider failed and the server waits to try again. Follows the `part-added` of that part. */
export interface Retried {
  readonly type: 'retried'
  readonly part: RetryPart
}

/** The server reported a session error. It does not mean that the turn failed. */
export interface Errored {
  readonly type: 'errored'
  readonly sessionId: string
  readonly error: ReplyError
}

/** The server said what a session does. A level that is repeated, not an end marker. */
export interface StatusChanged {
  readonly type: 'status-changed'
  readonly sessionId: string
  readonly status: 'busy' | 'idle' | 'retry' | 'deleted'
}

/** Something happened in the directory. */
export interface WorkspaceChanged {
  readonly type: 'workspace-changed'
  /** The lists that changed, each as a whole. */
  readonly workspace: Partial<Workspace>
}

/** Cost or tokens of the whole reply changed, sub-agents included. */
export interface TotalsChanged {
  readonly type: 'totals-changed'
  readonly cost: number
  readonly tokens: Tokens
}

/** An input was contradictory or unreadable. */
export interface AnomalyRecorded {
  readonly type: 'anomaly'
  readonly anomaly: Anomaly
}

/** All of it is another one now: the turn began again in another session, or what happened in between is not known. */
export interface Replaced {
  readonly type: 'replaced'
  readonly view: ReplyView
}

/** A change without its number. */
export type ChangeBody =
  | PartAdded
  | TextDelta
  | PartChanged
  | PartFinished
  | ToolProgressed
  | PartRemoved
  | StepFinished
  | MessageChanged
  | MessageRemoved
  | ChildChanged
  | TodosChanged
  | AskOpened
  | AskResolved
  | AskExpired
  | AskWithdrawn
  | Retried
  | Errored
  | StatusChanged
  | TotalsChanged
  | WorkspaceChanged
  | AnomalyRecorded
  | Replaced

/** One change of a reply: plain JSON, numbered. Applied to a view in order, changes give the reply's state. */
export type Change = ChangeBody & {
  /** The reply's revision after this change; rises by one with every change. */
  readonly revision: number
}
