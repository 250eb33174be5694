import { flag, list, nested, objectOf, string, strings } from './fields.js'
import type { Fields } from './fields.js'
import { toJsonObject } from './json-value.js'
import type { JsonObject } from './json-value.js'

/** What became of an ask; `expired` when the server no longer lists it and its answer was never seen. */
export type AskState = 'open' | 'answered' | 'rejected' | 'expired'

/** What permissions and questions have in common. */
export interface AskIdentity {
  /** The request id to answer with. */
  readonly id: string
  readonly state: AskState
  /** The session that asked: the reply's own, or that of a sub-agent. */
  readonly sessionId: string
  /** The message of the tool call that asks, when there is one. */
  readonly messageId: string | null
  /** The tool call that asks, when there is one. */
  readonly callId: string | null
  /** When the server asked, in epoch milliseconds, by its own clock; `null` while the time of the turn is not known. */
  readonly askedAt: number | null
  /** When it was answered or rejected, in epoch milliseconds; `null` while open and when the answer was never seen. */
  readonly answeredAt: number | null
}

/** A permission that the agent waits, or waited, for. */
export interface PermissionAsk extends AskIdentity {
  readonly kind: 'permission'
  /** The name of the permission, such as `edit` or `bash`; empty when only its answer was seen. */
  readonly permission: string
  /** What it is asked for: paths, commands, addresses. */
  readonly patterns: readonly string[]
  /** What `always` would allow. */
  readonly always: readonly string[]
  /** What the tool says about its plan, such as a diff. */
  readonly metadata: JsonObject | null
  /** The reply: `once`, `always` or `reject`; `null` until it was seen. */
  readonly reply: string | null
}

/** Questions that the agent waits, or waited, for. */
export interface QuestionAsk extends AskIdentity {
  readonly kind: 'question'
  /** Empty when only the answer was seen. */
  readonly questions: readonly Question[]
  /** The answers, one list of labels for each question; empty until they were seen. */
  readonly answers: readonly (readonly string[])[]
}

/** One question of a {@link QuestionAsk}. */
export interface Question {
  readonly text: string
  /** A few words; empty when the agent gave none. */
  readonly header: string
  readonly options: readonly QuestionOption[]
  /** True when several options may be chosen. */
  readonly multiple: boolean
  /** True when an answer in other words than those of the options is taken. */
  readonly custom: boolean
}

/** One answer to choose. */
export interface QuestionOption {
  readonly label: string
  readonly description: string
}

/** A permission or question that waits, or waited, for a person. */
export type Ask = PermissionAsk | QuestionAsk

/** Reads an `asked` event's properties or an entry of the server's lists; `null` when it is none. */
export function readAsk(kind: Ask['kind'], value: unknown, askedAt: number | null): Ask | null {
  const fields = objectOf(value)
  const id = string(fields, 'id')
  const sessionId = string(fields, 'sessionID')
  if (id === null || sessionId === null) return null
  const tool = nested(fields, 'tool')
  const identity = {
    id,
    state: 'open',
    sessionId,
    messageId: string(tool, 'messageID'),
    callId: string(tool, 'callID'),
    askedAt,
    answeredAt: null,
  } as const
  if (kind === 'question') {
    const questions = Object.freeze(list(fields, 'questions').map(readQuestion))
    return Object.freeze({ ...identity, kind, questions, answers: Object.freeze([]) })
  }
  return Object.freeze({
    ...identity,
    kind,
    permission: string(fields, 'permission') ?? '',
    patterns: strings(fields, 'patterns'),
    always: strings(fields, 'always'),
    metadata: toJsonObject(fields['metadata']),
    reply: null,
  })
}

function readQuestion(value: unknown): Question {
  const fields = objectOf(value)
  const options = list(fields, 'options').map((item): QuestionOption => {
    const option = objectOf(item)
    return Object.freeze({
      label: string(option, 'label') ?? '',
      description: string(option, 'description') ?? '',
    })
  })
  return Object.freeze({
    text: string(fields, 'question') ?? '',
    header: string(fields, 'header') ?? '',
    options: Object.freeze(options),
    multiple: flag(fields, 'multiple'),
    custom: fields['custom'] !== false,
  })
}

/** The ask with an answer of the server's `replied` or `rejected` event. */
export function resolveAsk(
  ask: Ask,
  state: AskState,
  fields: Fields,
  answeredAt: number | null,
): Ask {
  if (ask.kind === 'permission')
    return Object.freeze({ ...ask, state, answeredAt, reply: string(fields, 'reply') })
  const answers = list(fields, 'answers').map((each) =>
    Object.freeze((Array.isArray(each) ? each : []).filter((label) => typeof label === 'string')),
  )
  return Object.freeze({ ...ask, state, answeredAt, answers: Object.freeze(answers) })
}
