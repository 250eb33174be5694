import { isRecord } from '../values/record.js'

/** What a call was billed for, in tokens. Each is counted once. */
export interface ModelUsage {
  /** Read anew: without what came from a cache or went into one. */
  readonly inputTokens: number
  /** Written, thoughts included. */
  readonly outputTokens: number
  readonly cacheReadTokens: number
  readonly cacheWriteTokens: number
}

/** Nothing was billed. */
export const noUsage: ModelUsage = {
  inputTokens: 0,
  outputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
}

/** What an answer has said of itself. */
export interface SaidUsage extends ModelUsage {
  /** It is of the whole answer. Where that is cut before, or never says it, more was billed than was said. */
  readonly isFinal: boolean
}

/**
 * What a body, or an event of a streamed one, says was used so far, laid over what was known. The shapes of OpenAI's chat completions
 * and responses and of Anthropic's messages; null when it says nothing.
 */
export function readUsage(body: unknown, known: SaidUsage | null): SaidUsage | null {
  if (!isRecord(body)) return known
  const holder = [body, body['response'], body['message']].find(
    (each) => isRecord(each) && isRecord(each['usage']),
  )
  const said = isRecord(holder) ? holder['usage'] : null
  if (!isRecord(said) || !Object.values(said).some((value) => typeof value === 'number')) {
    return known
  }
  if ('prompt_tokens' in said || 'completion_tokens' in said) {
    const usage = ofChat(said)
    // Some state zeros with every event before the last one.
    return { ...usage, isFinal: usage.outputTokens > 0 || isEmpty(body['choices']) }
  }
  if (
    ['input_tokens_details', 'output_tokens_details', 'total_tokens'].some((name) => name in said)
  )
    return { ...ofResponses(said), isFinal: !begun.has(body['type']) }
  // The first event of a message counts the one token that is there by then.
  return { ...ofMessages(said, known ?? noUsage), isFinal: body['type'] !== 'message_start' }
}

/** Some state zeros with these. */
const begun: ReadonlySet<unknown> = new Set([
  'response.queued',
  'response.created',
  'response.in_progress',
])

function isEmpty(choices: unknown): boolean {
  return !Array.isArray(choices) || choices.length === 0
}

function ofChat(said: Record<string, unknown>): ModelUsage {
  const cached = countIn(said['prompt_tokens_details'], 'cached_tokens')
  const input = count(said['prompt_tokens'])
  return {
    inputTokens: Math.max(0, input - cached),
    // Some count thoughts in the sum alone.
    outputTokens: Math.max(count(said['completion_tokens']), count(said['total_tokens']) - input),
    cacheReadTokens: cached,
    cacheWriteTokens: 0,
  }
}

function ofResponses(said: Record<string, unknown>): ModelUsage {
  const cached = countIn(said['input_tokens_details'], 'cached_tokens')
  return {
    inputTokens: Math.max(0, count(said['input_tokens']) - cached),
    outputTokens: count(said['output_tokens']),
    cacheReadTokens: cached,
    cacheWriteTokens: 0,
  }
}

/** Anthropic says the input at the start, and the output so far with each later event. */
function ofMessages(said: Record<string, unknown>, known: ModelUsage): ModelUsage {
  const latest = (name: string, before: number): number =>
    name in said && said[name] !== null ? count(said[name]) : before
  return {
    inputTokens: latest('input_tokens', known.inputTokens),
    outputTokens: latest('output_tokens', known.outputTokens),
    cacheReadTokens: latest('cache_read_input_tokens', known.cacheReadTokens),
    cacheWriteTokens: latest('cache_creation_input_tokens', known.cacheWriteTokens),
  }
}

function countIn(value: unknown, name: string): number {
  return isRecord(value) ? count(value[name]) : 0
}

/** A provider may say anything; nothing lowers what a user has spent. */
function count(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? Math.ceil(value) : 0
}
