import type { Attributes, AttributeValue } from '@opentelemetry/api'

import { genAi } from './genai.js'

type Given = Readonly<Record<string, AttributeValue | bigint | null | undefined>>

/** The attributes that have a value. */
export function present(given: Given): Attributes {
  const attributes: Attributes = {}
  for (const [name, value] of Object.entries(given)) {
    if (value === null || value === undefined) continue
    attributes[name] = typeof value === 'bigint' ? String(value) : value
  }
  return attributes
}

interface Tokens {
  readonly input: number
  readonly output: number
  readonly reasoning: number
  readonly cacheRead: number
  readonly cacheWrite: number
}

/** Sums as the conventions have them: input with what caches read and wrote, output with reasoning. */
export function totals(tokens: Tokens): { readonly input: number; readonly output: number } {
  const { input, output, reasoning, cacheRead, cacheWrite } = tokens
  return { input: input + cacheRead + cacheWrite, output: output + reasoning }
}

/** Token counts of a span. */
export function tokenAttributes(tokens: Tokens | undefined): Attributes {
  if (tokens === undefined) return {}
  const { input, output } = totals(tokens)
  return {
    [genAi.inputTokens]: input,
    [genAi.outputTokens]: output,
    [genAi.cacheReadTokens]: tokens.cacheRead,
    [genAi.cacheWriteTokens]: tokens.cacheWrite,
    [genAi.reasoningTokens]: tokens.reasoning,
  }
}
