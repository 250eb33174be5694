import { addTokens, noTokens } from './tokens.js'
import type { Tokens } from './tokens.js'

/** What something cost. */
export interface Spent {
  readonly cost: number
  readonly tokens: Tokens
}

/** The sum, always taken in the same order, because a sum of fractions depends on it. */
export function spentOn(items: readonly Spent[]): Spent {
  let cost = 0
  let tokens = noTokens
  for (const item of items) {
    cost += item.cost
    tokens = addTokens(tokens, item.tokens)
  }
  return { cost, tokens }
}
