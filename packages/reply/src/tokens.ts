import { nested, number } from './fields.js'
import type { Fields } from './fields.js'

/** Token counts of a step, a message, a sub-agent or a whole reply. */
export interface Tokens {
  /** Prompt tokens that were not read from a cache. */
  readonly input: number
  /** Tokens of the answer. */
  readonly output: number
  /** Tokens of the model's reasoning. */
  readonly reasoning: number
  /** Prompt tokens read from the provider's cache. */
  readonly cacheRead: number
  /** Prompt tokens written to the provider's cache. */
  readonly cacheWrite: number
}

/** No tokens at all. */
export const noTokens: Tokens = Object.freeze({
  input: 0,
  output: 0,
  reasoning: 0,
  cacheRead: 0,
  cacheWrite: 0,
})

/** Reads the server's `tokens` field; what is missing counts as 0. */
export function readTokens(fields: Fields): Tokens {
  const tokens = nested(fields, 'tokens')
  const cache = nested(tokens, 'cache')
  return Object.freeze({
    input: number(tokens, 'input') ?? 0,
    output: number(tokens, 'output') ?? 0,
    reasoning: number(tokens, 'reasoning') ?? 0,
    cacheRead: number(cache, 'read') ?? 0,
    cacheWrite: number(cache, 'write') ?? 0,
  })
}

/** The sum of two counts. */
export function addTokens(left: Tokens, right: Tokens): Tokens {
  return Object.freeze({
    input: left.input + right.input,
    output: left.output + right.output,
    reasoning: left.reasoning + right.reasoning,
    cacheRead: left.cacheRead + right.cacheRead,
    cacheWrite: left.cacheWrite + right.cacheWrite,
  })
}

/** True when nothing was counted. */
export function isNoTokens(tokens: Tokens): boolean {
  return Object.values(tokens).every((count) => count === 0)
}
