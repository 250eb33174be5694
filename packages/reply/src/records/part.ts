import type { Ask } from './ask.js'
import type { JsonObject, JsonValue } from './json-value.js'
import type { Todo } from './todo.js'
import type { Tokens } from './tokens.js'
import type { ToolStatus } from './tool-status.js'

/** What every part of a reply has. */
export interface PartIdentity {
  /** The server's part id; for a stream-only part an id made from what it shows. Stable for the part's whole life. */
  readonly id: string
  /** The assistant message that holds the part. */
  readonly messageId: string
  /** The session of that message: the reply's own, or that of a sub-agent. */
  readonly sessionId: string
  /** `server`: the server stores the content; `stream`: only the event stream ever had it; `host`: it is a note. */
  readonly provenance: 'server' | 'stream' | 'host'
}

/** Text that grows by deltas until the server states it in full. */
export interface WrittenPart extends PartIdentity {
  /** What is known of the text so far. */
  readonly text: string
  /** True once the server stated the whole text. */
  readonly final: boolean
  /** True when subscribers saw this text and the server lost it: a retry, an abort or a crash came first. */
  readonly lost: boolean
  /**
   * True when the attempt that wrote this text failed and was repeated, in the same message or in a later one: it is no
   * part of the answer.
   */
  readonly superseded: boolean
  /** True when the server wrote it, not the model. */
  readonly synthetic: boolean
  /** True when pieces of the text may be missing because the stream was interrupted. */
  readonly gapped: boolean
  /** True when it belongs to the summary that a compaction wrote, which is no part of the answer. */
  readonly summary: boolean
  /** When it began, in epoch milliseconds. */
  readonly startedAt: number | null
  /** When it ended, in epoch milliseconds. */
  readonly endedAt: number | null
  /** What the provider attached. */
  readonly metadata: JsonObject | null
}

/** A piece of the answer. */
export interface TextPart extends WrittenPart {
  readonly kind: 'text'
}

/** A piece of the model's reasoning. */
export interface ReasoningPart extends WrittenPart {
  readonly kind: 'reasoning'
}

/** A tool call in any state. */
export interface ToolPart extends PartIdentity {
  readonly kind: 'tool'
  /** The model's id of the call. */
  readonly callId: string
  /** The name the model used, also when the server renamed the call to `invalid`. */
  readonly tool: string
  /** How far the call is; never goes back. */
  readonly status: ToolStatus
  /** The arguments; empty while `pending`. */
  readonly input: JsonObject
  /** What the tool answered, once `completed`. */
  readonly output: string | null
  /** The server's title of the call. */
  readonly title: string | null
  /** What the tool reports beside its output, by tool. */
  readonly metadata: JsonObject | null
  /** Why it failed, once `error`. */
  readonly error: string | null
  /** Files that the tool handed to the model. */
  readonly attachments: readonly Attachment[]
  /** Permissions and questions that this call asked for. */
  readonly asks: readonly Ask[]
  /** The session of the sub-agent that this call started. */
  readonly childSessionId: string | null
  /** When it began to run, in epoch milliseconds. */
  readonly startedAt: number | null
  /** When it ended, in epoch milliseconds. */
  readonly endedAt: number | null
}

/** A file that the server keeps in a message. */
export interface StoredFile {
  readonly mime: string
  readonly filename: string | null
  /**
   * Its address, mostly a `data:` URL that holds the bytes. `null` in a reply that was stored and read again, because
   * `toJSON` leaves bytes out: a poll brings them back.
   */
  readonly url: string | null
  /** Number of bytes; `null` when its address does not hold them. */
  readonly size: number | null
}

/** A file that a tool handed to the model. */
export interface Attachment extends StoredFile {
  readonly id: string | null
}

/** A file in the answer. */
export interface FilePart extends PartIdentity, StoredFile {
  readonly kind: 'file'
}

/** The files that a step changed on disk; only in a git repository. */
export interface PatchPart extends PartIdentity {
  readonly kind: 'patch'
  /** The snapshot before the step. */
  readonly hash: string | null
  /** Absolute paths on the server's machine. */
  readonly files: readonly string[]
}

/** The model begins a step. A second one in the same message means the first attempt failed and is repeated. */
export interface StepStartPart extends PartIdentity {
  readonly kind: 'step-start'
  readonly snapshot: string | null
}

/** The model ended a step. */
export interface StepFinishPart extends PartIdentity {
  readonly kind: 'step-finish'
  readonly reason: string | null
  /** Cost of this step in the provider's currency. */
  readonly cost: number
  readonly tokens: Tokens
  readonly snapshot: string | null
}

/** The provider failed and the server waited to try again. */
export interface RetryPart extends PartIdentity {
  readonly kind: 'retry'
  readonly attempt: number
  readonly message: string
  /** When the next attempt begins, in epoch milliseconds. */
  readonly nextAt: number | null
}

/** The server summarised the conversation to make room. */
export interface CompactionPart extends PartIdentity {
  readonly kind: 'compaction'
  readonly auto: boolean
  readonly overflow: boolean
}

/** The todo list, when no tool call shows it. */
export interface TodosPart extends PartIdentity {
  readonly kind: 'todos'
  readonly todos: readonly Todo[]
}

/** A permission or question that names no tool call. */
export interface AskPart extends PartIdentity {
  readonly kind: 'ask'
  readonly ask: Ask
}

/** A part that the host added by `note`. */
export interface NotePart extends PartIdentity {
  readonly kind: 'note'
  /** What it is, in the host's own words. */
  readonly type: string
  readonly data: JsonValue
}

/** A part of a kind that this version does not know. */
export interface UnknownPart extends PartIdentity {
  readonly kind: 'unknown'
  /** The server's name of the kind. */
  readonly type: string
  /** The part as the server sent it. */
  readonly data: JsonValue
}

/** One part of a reply: plain, frozen JSON. */
export type ReplyPart =
  | TextPart
  | ReasoningPart
  | ToolPart
  | FilePart
  | PatchPart
  | StepStartPart
  | StepFinishPart
  | RetryPart
  | CompactionPart
  | TodosPart
  | AskPart
  | NotePart
  | UnknownPart

/** The kinds of {@link ReplyPart}. */
export type PartKind = ReplyPart['kind']
