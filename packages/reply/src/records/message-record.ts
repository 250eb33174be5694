import type { JsonValue } from './json-value.js'
import type { ReplyError } from './reply-error.js'
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
  /** The structured answer, when one was asked for; the server does not validate it. */
  readonly structured: JsonValue
  /** Cost in the provider's currency. */
  readonly cost: number
  readonly tokens: Tokens
}
