import type { ModelRequest } from './model-request.js'
import { type ModelUsage, noUsage } from './usage.js'

/** What a model costs, in dollars for a million tokens, which is the same as millionths of a dollar for one. */
export interface ModelPrice {
  readonly input: number
  readonly output: number
  /** Default: `input`. */
  readonly cacheRead?: number
  /** Default: `input`. */
  readonly cacheWrite?: number
  /** The most tokens that an answer can have where a request names no limit. Default 128,000. */
  readonly maxOutputTokens?: number
}

const mostOutputTokens = 128_000
/** What a picture may count for beyond its bytes. */
const spareInputTokens = 4_000

/** What was used, in millionths of a dollar, rounded up. */
export function costOf(usage: ModelUsage, price: ModelPrice): number {
  const { input, output, cacheRead = input, cacheWrite = input } = price
  const exact =
    usage.inputTokens * input +
    usage.outputTokens * output +
    usage.cacheReadTokens * cacheRead +
    usage.cacheWriteTokens * cacheWrite
  // Sums of decimal prices end in digits that no one wrote.
  return Math.ceil(Number(exact.toFixed(6)))
}

/** The most that a call can cost: no token is shorter than a byte. */
export function highestCost(request: ModelRequest, price: ModelPrice): number {
  const { input, cacheWrite = input } = price
  const usage: ModelUsage = {
    inputTokens: request.bytes + spareInputTokens,
    outputTokens: mostOutput(request, price),
    cacheReadTokens: 0,
    cacheWriteTokens: 0,
  }
  return costOf(usage, { ...price, input: Math.max(input, cacheWrite) })
}

/**
 * What a call is held to have used whose answer did not say so to its end: what it said, and what came of it. Of an answer that comes in one
 * piece there is nothing to go by, and whoever cuts it could have it for nothing: so it is held to be as long as it may be.
 *
 * @param tokens - About how many have come; null where that cannot be told.
 */
export function estimateUsage(
  request: ModelRequest,
  price: ModelPrice,
  { said, tokens }: { readonly said: ModelUsage | null; readonly tokens: number | null },
): ModelUsage {
  const most = mostOutput(request, price)
  const { inputTokens, cacheReadTokens, cacheWriteTokens, outputTokens } = said ?? noUsage
  const isInputSaid = inputTokens + cacheReadTokens + cacheWriteTokens > 0
  const came = request.isStreamed && tokens !== null ? Math.min(tokens, most) : most
  return {
    inputTokens: isInputSaid ? inputTokens : Math.ceil(request.bytes / 3),
    outputTokens: Math.max(outputTokens, came),
    cacheReadTokens,
    cacheWriteTokens,
  }
}

function mostOutput({ answers, maxOutputTokens }: ModelRequest, price: ModelPrice): number {
  return (maxOutputTokens ?? price.maxOutputTokens ?? mostOutputTokens) * answers
}

/** @throws TypeError for prices that cannot be meant. */
export function assertPrice(model: string, price: ModelPrice): void {
  for (const [name, value] of Object.entries(price)) {
    if (value === undefined) continue
    if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) {
      throw new TypeError(`the price of ${model} has a wrong \`${name}\``)
    }
  }
  if (typeof price.input !== 'number' || typeof price.output !== 'number') {
    throw new TypeError(`the price of ${model} needs \`input\` and \`output\``)
  }
}
