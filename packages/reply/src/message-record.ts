import type { ReplyError } from './reply-error.js'
import type { MessageState } from './state.js'
import { addTokens, isNoTokens, noTokens } from './tokens.js'
import type { Tokens } from './tokens.js'

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
    cost: costOf(message),
    tokens: tokensOf(message),
  })
}

/**
 * The cost of a message: the server's own figure once it stated one, else that of the steps it has finished.
 * The server sends the step a moment before the message.
 */
export function costOf(message: MessageState): number {
  if (message.completedAt !== null || message.cost !== 0) return message.cost
  let cost = 0
  for (const { body } of message.parts) if (body?.kind === 'step-finish') cost += body.cost
  return cost
}

/** The tokens of a message, by the same rule as {@link costOf}. */
export function tokensOf(message: MessageState): Tokens {
  if (message.completedAt !== null || !isNoTokens(message.tokens)) return message.tokens
  let tokens = noTokens
  for (const { body } of message.parts) {
    if (body?.kind === 'step-finish') tokens = addTokens(tokens, body.tokens)
  }
  return tokens
}
