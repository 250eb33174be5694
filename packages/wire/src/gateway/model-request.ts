import { isRecord } from '../values/record.js'

/** What matters of a call to a model, besides its words. */
export interface ModelRequest {
  readonly model: string
  /** Of its body. */
  readonly bytes: number
  /** The most tokens that an answer may have; null when the call names no limit. */
  readonly maxOutputTokens: number | null
  /** How many answers it asks for. */
  readonly answers: number
  /** Says what it has come to while it goes on. */
  readonly isStreamed: boolean
  /** What is sent: the same JSON, written anew, and asking for the usage where that must be asked for. */
  readonly body: Buffer
}

/** What each operation calls its limit; by another's name it would be no limit to the provider. */
const limits: Readonly<Record<string, readonly string[]>> = {
  'chat/completions': ['max_completion_tokens', 'max_tokens'],
  responses: ['max_output_tokens'],
  messages: ['max_tokens'],
}

/** They add what is not in the request, or put the work off to when nobody counts. */
const uncounted = ['background', 'previous_response_id', 'conversation'] as const

/** Null when it is no call to a model; `unbounded` when what it costs cannot be told from it and its answer. */
export function readModelRequest(
  given: Buffer,
  operation: string,
): ModelRequest | 'unbounded' | null {
  const parsed = parse(given)
  const model = parsed?.['model']
  if (parsed === null || typeof model !== 'string' || model === '') return null
  if (uncounted.some((name) => (parsed[name] ?? false) !== false)) return 'unbounded'
  const named = (limits[operation] ?? []).flatMap((name) => limitIn(parsed[name]))
  const answers = parsed['n']
  // Of a name that is there twice the provider might read the other value.
  const body = Buffer.from(
    asksForUsage(parsed, operation) ? JSON.stringify(parsed) : withUsage(parsed),
  )
  return {
    model,
    bytes: body.byteLength,
    maxOutputTokens: named.length === 0 ? null : Math.max(...named),
    answers: typeof answers === 'number' && answers > 1 ? Math.ceil(answers) : 1,
    isStreamed: parsed['stream'] === true,
    body,
  }
}

function limitIn(value: unknown): readonly number[] {
  return typeof value === 'number' && value >= 0 ? [value] : []
}

function parse(body: Buffer): Record<string, unknown> | null {
  try {
    const parsed: unknown = JSON.parse(body.toString('utf8'))
    return isRecord(parsed) ? parsed : null
  } catch {
    return null
  }
}

/** Chat completions that are streamed say what they used only when asked. */
function asksForUsage(body: Record<string, unknown>, operation: string): boolean {
  if (operation !== 'chat/completions' || body['stream'] !== true) return true
  const options = body['stream_options']
  return isRecord(options) && options['include_usage'] === true
}

function withUsage(body: Record<string, unknown>): string {
  const options = isRecord(body['stream_options']) ? body['stream_options'] : {}
  return JSON.stringify({ ...body, stream_options: { ...options, include_usage: true } })
}
