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

const names = ['input', 'output', 'reasoning', 'cacheRead', 'cacheWrite'] as const

function count(read: (name: keyof Tokens) => number): Tokens {
  return Object.freeze(
    Object.fromEntries(names.map((name) => [name, read(name)])),
  ) as unknown as Tokens
}

/** No tokens at all. */
export const noTokens: Tokens = count(() => 0)

/** Reads the server's `tokens` field; what is missing counts as 0. */
export function readTokens(fields: Fields): Tokens {
  const tokens = nested(fields, 'tokens')
  const { read, write } = nested(tokens, 'cache')
  const counts = { ...tokens, cacheRead: read, cacheWrite: write }
  return count((name) => number(counts, name) ?? 0)
}

/** The sum of two counts. */
export function addTokens(left: Tokens, right: Tokens): Tokens {
  return count((name) => left[name] + right[name])
}

/** True when nothing was counted. */
export function isNoTokens(tokens: Tokens): boolean {
  return names.every((name) => tokens[name] === 0)
}
