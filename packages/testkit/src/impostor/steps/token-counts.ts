import type { Usage } from '../../script/steps.js'
import type { TokenCounts } from '../state/records.js'
import type { World } from '../state/world.js'

/** A provider's counts as the server shows them. */
export function tokensOf(usage: Usage): TokenCounts {
  return {
    total: usage.input + usage.output,
    input: usage.input - usage.cached,
    output: usage.output - usage.reasoning,
    reasoning: usage.reasoning,
    cache: { write: 0, read: usage.cached },
  }
}

/** Dollars for these tokens. */
export function costOf(tokens: TokenCounts, world: World): number {
  const { input, output } = world.settings.price
  const dollars = tokens.input * input + (tokens.output + tokens.reasoning) * output
  return Math.round((dollars / 1_000_000) * 1e12) / 1e12
}
