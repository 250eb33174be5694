import { list, nested, objectOf, string, strings } from './fields.js'
import type { Fields } from './fields.js'
import { toJsonObject, toJsonValue } from './json-value.js'
import type { JsonObject, JsonValue } from './json-value.js'

/** What became of an ask; `expired` when the server no longer lists it and its answer was never seen. */
export type AskState = 'open' | 'answered' | 'rejected' | 'expired'

/** A permission or question that waits, or waited, for a person. */
export interface Ask {
  /** The request id to answer with. */
  readonly id: string
  readonly kind: 'permission' | 'question'
  readonly state: AskState
  /** The session that asked: the reply's own, or that of a sub-agent. */
  readonly sessionId: string
  /** The message of the tool call that asks, when there is one. */
  readonly messageId: string | null
  /** The tool call that asks, when there is one. */
  readonly callId: string | null
  /** The name of the permission, such as `edit` or `bash`; `null` for a question. */
  readonly permission: string | null
  /** What the permission is asked for: paths, commands, addresses. */
  readonly patterns: readonly string[]
  /** What `always` would allow. */
  readonly always: readonly string[]
  /** What the tool says about its plan, such as a diff. */
  readonly metadata: JsonObject | null
  /** The questions with their options, as the server sent them; empty for a permission. */
  readonly questions: readonly JsonValue[]
  /** The reply to a permission: `once`, `always` or `reject`. */
  readonly reply: string | null
  /** The answers, one list of labels for each question. */
  readonly answers: readonly JsonValue[]
}

const unresolved = { state: 'open', reply: null, answers: Object.freeze([]) } as const

/** Reads an `asked` event's properties or an entry of the server's lists; `null` when it is none. */
export function readAsk(kind: Ask['kind'], value: unknown): Ask | null {
  const fields = objectOf(value)
  const id = string(fields, 'id')
  const sessionId = string(fields, 'sessionID')
  if (id === null || sessionId === null) return null
  const tool = nested(fields, 'tool')
  return Object.freeze({
    id,
    kind,
    sessionId,
    messageId: string(tool, 'messageID'),
    callId: string(tool, 'callID'),
    permission: string(fields, 'permission'),
    patterns: strings(fields, 'patterns'),
    always: strings(fields, 'always'),
    metadata: toJsonObject(fields['metadata']),
    questions: jsonList(fields, 'questions'),
    ...unresolved,
  })
}

function jsonList(fields: Fields, name: string): readonly JsonValue[] {
  return Object.freeze(list(fields, name).map((item) => toJsonValue(item)))
}

/** The ask with an answer of the server's `replied` or `rejected` event. */
export function resolveAsk(ask: Ask, state: AskState, fields: Fields): Ask {
  return Object.freeze({
    ...ask,
    state,
    reply: string(fields, 'reply'),
    answers: jsonList(fields, 'answers'),
  })
}
