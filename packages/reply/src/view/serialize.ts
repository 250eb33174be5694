import type { Anomaly } from '../records/anomaly.js'
import type { Ask } from '../records/ask.js'
import type { JsonValue } from '../records/json-value.js'
import type { ReplyError } from '../records/reply-error.js'
import type { MessageState, PartBody, PartState, ReplyState, SessionState } from '../state/state.js'
import { isDataUrl } from '../records/data-url.js'
import type { Tokens } from '../records/tokens.js'
import type { Workspace } from '../records/workspace.js'

/** The version of {@link ReplyJson} that this package writes. */
export const snapshotVersion = 1

/** A reply as JSON, to store and to read again with `parseReply`. Its inside is not part of the API. */
export interface ReplyJson {
  readonly version: typeof snapshotVersion
  readonly sessionId: string
  readonly promptId: string
  readonly revision: number
  readonly sessions: readonly SessionJson[]
  readonly asks: readonly Ask[]
  readonly removed: readonly (readonly [id: string, eventId: string | null])[]
  readonly promptedAt: number | null
  readonly directory: string | null
  readonly closed: boolean
  /** Absent where an older version wrote it. */
  readonly others?: readonly string[]
  readonly handOver?: ReplyState['handOver']
  readonly todos: ReplyState['todos']
  readonly sessionError: ReplyError | null
  readonly workspace: Workspace
  /** The newest events about the todo list, session errors, files and terminals. */
  readonly eventIds: readonly [
    todos: string | null,
    errors: string | null,
    files: string | null,
    processes: string | null,
  ]
  readonly anomalies: readonly Anomaly[]
}

/** A session in {@link ReplyJson}. */
export interface SessionJson {
  readonly id: string
  readonly parentId: string | null
  readonly title: string | null
  readonly agent: string | null
  readonly toolPartId: string | null
  readonly status: SessionState['status']
  readonly eventId: string | null
  readonly messages: readonly MessageJson[]
}

/** A message in {@link ReplyJson}. */
export interface MessageJson {
  readonly id: string
  readonly role: MessageState['role']
  readonly parentId: string | null
  readonly createdAt: number | null
  readonly completedAt: number | null
  readonly finish: string | null
  readonly error: ReplyError | null
  readonly cost: number
  readonly tokens: Tokens
  readonly agent: string | null
  readonly mode: string | null
  readonly providerId: string | null
  readonly modelId: string | null
  readonly summary: boolean
  readonly structured: JsonValue
  readonly author: MessageState['author']
  readonly resultOf: string | null
  readonly answers: string | null
  readonly member: boolean
  readonly abandoned: boolean
  readonly eventId: string | null
  readonly parts: readonly PartJson[]
}

/** A part in {@link ReplyJson}. */
export interface PartJson {
  readonly id: string
  readonly key: string
  readonly body: PartBody | null
  readonly text: string | null
  readonly provenance: PartState['provenance']
  readonly final: boolean
  readonly lost: boolean
  readonly superseded: boolean
  readonly gapped: boolean
  readonly startSeen: boolean
  readonly eventId: string | null
}

/** Everything a reply knows, as JSON; with something else for each part where parts are written elsewhere. */
export function serialize(state: ReplyState, toPart: ToPart = partJson): ReplyJson {
  return {
    version: snapshotVersion,
    sessionId: state.sessionId,
    promptId: state.promptId,
    revision: state.feed.revision,
    sessions: [...state.sessions.values()].map((each) => sessionJson(each, toPart)),
    asks: [...state.asks.values()],
    removed: [...state.removed].map(([id, { eventId }]) => [id, eventId] as const),
    promptedAt: state.promptedAt,
    directory: state.directory,
    closed: state.closed,
    others: [...state.others],
    handOver: state.handOver,
    todos: state.todos,
    sessionError: state.sessionError,
    workspace: state.workspace,
    eventIds: [
      state.todoEvents.newest,
      state.errorEvents.newest,
      state.fileEvents.newest,
      state.processEvents.newest,
    ],
    anomalies: [...state.anomalies],
  }
}

type ToPart = (part: PartState) => PartJson

function sessionJson(
  { messages, order: _, open: __, statusEvents, touched: ___, ...rest }: SessionState,
  toPart: ToPart,
): SessionJson {
  // In the order in which they became known, which decides what is forgotten first.
  return {
    eventId: statusEvents.newest,
    messages: [...messages.values()].map((each) => messageJson(each, toPart)),
    ...rest,
  }
}

function messageJson(
  { session: _, touched: __, events, parts, ...rest }: MessageState,
  toPart: ToPart,
): MessageJson {
  return { eventId: events.newest, parts: parts.map((each) => toPart(each)), ...rest }
}

/** A part as JSON; with another text where that is written elsewhere. */
export function partJson(
  { message: _, touched: __, view: ___, events, buffer, body, ...rest }: PartState,
  text: string | null = buffer === null ? null : buffer.toString(),
): PartJson {
  // What is copied comes last: to an object that begins as a copy, V8 adds fields many times slower.
  return { text, body: withoutBytes(body), eventId: events.newest, ...rest }
}

/** The bytes are in every poll, and a reply is stored many times. */
function withoutBytes(body: PartBody | null): PartBody | null {
  if (body?.kind === 'file' && isDataUrl(body.url)) return { ...body, url: null }
  if (body?.kind !== 'tool' || !body.attachments.some(({ url }) => isDataUrl(url))) return body
  const attachments = body.attachments.map((file) =>
    isDataUrl(file.url) ? { ...file, url: null } : file,
  )
  return { ...body, attachments }
}
