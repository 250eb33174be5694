import type { JsonValue } from '../records/json-value.js'
import type { ReplyError } from '../records/reply-error.js'
import { spentOn } from '../records/spent.js'
import type { Spent } from '../records/spent.js'
import { isAnswer } from './state.js'
import type { MessageState, SessionState } from './state.js'
import { isNoTokens } from '../records/tokens.js'
import type { Tokens } from '../records/tokens.js'

/** One assistant message of a reply: the model's answer to one step. */
export interface MessageRecord {
  readonly id: string
  readonly sessionId: string
  /** The user message it answers: the prompt, or one that the server wrote in the middle of the turn. */
  readonly parentId: string | null
  readonly agent: string | null
  readonly mode: string | null
  readonly providerId: string | null
  readonly modelId: string | null
  /** True when it holds the summary of a compaction. */
  readonly summary: boolean
  /** Epoch milliseconds. */
  readonly createdAt: number | null
  /** Epoch milliseconds; `null` while it is open. */
  readonly completedAt: number | null
  /** Why the model stopped: `stop`, `length`, `tool-calls`, `unknown` …; `null` while open, failed or aborted. */
  readonly finish: string | null
  readonly error: ReplyError | null
  /** The structured answer, when one was asked for; the server does not validate it. */
  readonly structured: JsonValue
  /** Cost in the provider's currency. */
  readonly cost: number
  readonly tokens: Tokens
}

/** The public record of a message. */
export function recordOf(message: MessageState): MessageRecord {
  return Object.freeze({
    id: message.id,
    sessionId: message.session.id,
    parentId: message.parentId,
    agent: message.agent,
    mode: message.mode,
    providerId: message.providerId,
    modelId: message.modelId,
    summary: message.summary,
    createdAt: message.createdAt,
    completedAt: message.completedAt,
    finish: message.finish,
    error: message.error,
    structured: message.structured,
    ...spentIn(message),
  })
}

/** The messages of a session that belong to the reply, in order. */
export function recordsOf({ order }: SessionState): readonly MessageRecord[] {
  return order.filter(isAnswer).map(recordOf)
}

/**
 * What a message cost: the server's own figures once it stated them, else those of the steps it has finished. The
 * server sends the step a moment before the message.
 */
function spentIn({ completedAt, cost, tokens, parts }: MessageState): Spent {
  if (completedAt !== null || cost !== 0 || !isNoTokens(tokens)) return { cost, tokens }
  return spentOn(parts.map(({ body }) => body).filter((body) => body?.kind === 'step-finish'))
}
