import type { Anomaly } from '../records/anomaly.js'
import type { SessionStatus } from '../records/reply-view.js'
import type { Ask } from '../records/ask.js'
import type { EventClock } from './event-order.js'
import { string } from '../records/fields.js'
import type { Fields } from '../records/fields.js'
import type { JsonObject, JsonValue } from '../records/json-value.js'
import type { ChangeFeed } from '../changes/change-feed.js'
import type {
  AskPart,
  CompactionPart,
  FilePart,
  NotePart,
  PartIdentity,
  PatchPart,
  ReplyPart,
  RetryPart,
  StepFinishPart,
  StepStartPart,
  TodosPart,
  ToolPart,
  UnknownPart,
} from '../records/part.js'
import type { ReplyError } from '../records/reply-error.js'
import type { TextBuffer } from './text-buffer.js'
import type { Todo } from '../records/todo.js'
import type { Tokens } from '../records/tokens.js'
import type { ServerToolStatus } from '../records/tool-status.js'
import type { Workspace } from '../records/workspace.js'

/** What a text or reasoning part has beside its text. */
export interface WrittenBody {
  readonly kind: 'text' | 'reasoning'
  readonly synthetic: boolean
  readonly startedAt: number | null
  readonly endedAt: number | null
  readonly metadata: JsonObject | null
}

/** A tool call without what other events attach to it. */
export type ToolBody = Omit<ToolPart, keyof PartIdentity | 'asks' | 'childSessionId' | 'status'> & {
  readonly status: ServerToolStatus
}

type Plain<Part> = Omit<Part, keyof PartIdentity>

/** The content of a part; replaced as a whole, never changed in place. */
export type PartBody =
  | WrittenBody
  | ToolBody
  | Plain<FilePart>
  | Plain<PatchPart>
  | Plain<StepStartPart>
  | Plain<StepFinishPart>
  | Plain<RetryPart>
  | Plain<CompactionPart>
  | Plain<TodosPart>
  | Plain<AskPart>
  | Plain<NotePart>
  | Plain<UnknownPart>

/** One part while it can still change. */
export interface PartState {
  readonly id: string
  /** Parts of a message are listed by this key: the id, or a place after the part that was last when it came. */
  readonly key: string
  readonly message: MessageState
  /** `null` while only deltas came: whether they are answer or reasoning is not known yet. */
  body: PartBody | null
  /** Text and reasoning only. */
  buffer: TextBuffer | null
  provenance: PartIdentity['provenance']
  final: boolean
  lost: boolean
  superseded: boolean
  gapped: boolean
  /** False when the text may have begun before the first delta that came here. */
  startSeen: boolean
  /** The events applied to this part. */
  events: EventClock
  /** Revision at which the stream last changed it. */
  touched: number
  /** The public record; `null` when it must be built again. */
  view: ReplyPart | null
}

/** What is known of a message of one of the reply's sessions. */
export interface MessageState {
  readonly id: string
  readonly session: SessionState
  /** `null` while only parts came: whose message it is is not known yet. */
  role: 'assistant' | 'user' | null
  parentId: string | null
  createdAt: number | null
  completedAt: number | null
  finish: string | null
  error: ReplyError | null
  cost: number
  tokens: Tokens
  agent: string | null
  mode: string | null
  providerId: string | null
  modelId: string | null
  /** True for the message in which a compaction wrote its summary. */
  summary: boolean
  structured: JsonValue
  /**
   * Who wrote a user message: the server does so in the middle of a turn. A `command` is a person's `/shell` or
   * `/summarize`, which answers no prompt. `null` until its parts tell.
   */
  author: 'person' | 'server' | 'command' | null
  /** The sub-agent whose result a user message brings, after it worked in the background. */
  resultOf: string | null
  /** The newest prompt that an assistant message is for; `null` when that is not known. */
  answers: string | null
  /** True when the message belongs to this reply. */
  member: boolean
  /** True when the session went idle and left the message open. */
  abandoned: boolean
  readonly parts: PartState[]
  events: EventClock
  touched: number
}

/** The reply's session, or that of a sub-agent. */
export interface SessionState {
  readonly id: string
  /** `null` for the reply's own session. */
  parentId: string | null
  title: string | null
  agent: string | null
  readonly messages: Map<string, MessageState>
  /** Messages whose role is known, oldest first. */
  readonly order: MessageState[]
  /** Text and reasoning that the server did not state in full yet. */
  readonly open: Set<PartState>
  /** The tool part that started this sub-agent. */
  toolPartId: string | null
  status: SessionStatus
  statusEvents: EventClock
  /** Revision at which the stream last reported the status. */
  touched: number
}

/** The end of a reply whose run went on with the prompt of another turn. */
export interface HandOver {
  /** The other turn's prompt. */
  readonly promptId: string
  /** The first answer that is the other turn's. */
  readonly messageId: string
}

/** Everything a reply knows. */
export interface ReplyState {
  readonly sessionId: string
  readonly promptId: string
  /** When the prompt was made, by the server's clock; the earliest time that was reported. */
  promptedAt: number | null
  /** The directory that the server works in, as the messages say. */
  directory: string | null
  /** True once the turn is settled: then no ask is open, and no tool runs. */
  closed: boolean
  /** Prompts of other turns of the host in this session: what answers them is theirs. */
  readonly others: Set<string>
  /** Where the run went on to one of them; `null` while it did not. */
  handOver: HandOver | null
  readonly root: SessionState
  readonly prompt: MessageState
  readonly sessions: Map<string, SessionState>
  readonly parts: Map<string, PartState>
  /** The part that the last delta was for: most often the next one is for it too. */
  writing: PartState | null
  readonly asks: Map<string, Ask>
  /** Revision at which the stream last changed an ask. */
  readonly askTouched: Map<string, number>
  /** Ids of removed parts and messages. */
  readonly removed: Map<string, Removal>
  /** Messages whose owner is not known yet, oldest first. */
  readonly unattributed: Set<MessageState>
  /** Messages that are known to belong to other prompts, oldest first. */
  readonly foreign: Set<MessageState>
  /** The last `todo.updated`; `null` when none came. */
  todos: readonly Todo[] | null
  todoEvents: EventClock
  /** Revision at which the stream last reported the list. */
  todosTouched: number
  /** The list as it was last announced. */
  shownTodos: readonly Todo[]
  /** What happened in the directory. */
  workspace: Workspace
  /** The events about files and about terminals. */
  fileEvents: EventClock
  processEvents: EventClock
  /** The last `session.error` of the reply's own session. */
  sessionError: ReplyError | null
  errorEvents: EventClock
  readonly anomalies: Anomaly[]
  /** Messages whose steps changed, and may tell of attempts that failed. */
  readonly repeated: Set<MessageState>
  /** What must be worked out again before the current input is done. */
  readonly stale: Set<Derived>
  /** Parts that grew since the reply was last serialised, and nothing else changed; `null` when anything may have. */
  grown: Set<PartState> | null
  cost: number
  tokens: Tokens
  readonly feed: ChangeFeed
}

/** When something was removed. */
export interface Removal {
  readonly eventId: string | null
  readonly revision: number
}

/** What can need to be worked out again. */
export type Derived = 'children' | 'losses' | 'todos' | 'totals'

/** The session of this reply that an input names, if it is one. */
export function sessionOf(state: ReplyState, fields: Fields): SessionState | undefined {
  return state.sessions.get(string(fields, 'sessionID') ?? '')
}

/** What is shown also when it is filed under a message that is no answer. */
const shownBesideAnswers: readonly string[] = ['compaction', 'todos', 'ask', 'retry', 'note']

/** True when the part is shown: it is of this reply, its kind is known, and it is not the user's prompt. */
export function isVisible(part: PartState): boolean {
  const { message, body } = part
  if (!message.member || body === null) return false
  return message.role === 'assistant' || shownBesideAnswers.includes(body.kind)
}

/** The parts of a session that are shown, in order. */
export function visibleParts({ order }: SessionState): PartState[] {
  return order.flatMap(({ parts }) => parts.filter(isVisible))
}

/** True for an assistant message of the reply. */
export function isAnswer(message: MessageState): boolean {
  return message.member && message.role === 'assistant'
}

/** True when the part shows text that the server did not state. */
export function hasUnstoredText({ buffer, final }: PartState): boolean {
  return !final && buffer !== null && buffer.length > 0
}
