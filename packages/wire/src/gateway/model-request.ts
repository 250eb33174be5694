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
  /** What is sent: the same, but for asking for the usage where that must be asked for. */
  readonly body: Buffer
}

const limits = ['max_output_tokens', 'max_completion_tokens', 'max_tokens'] as const

/** Null when it is no call to a model. */
export function readModelRequest(body: Buffer, operation: string): ModelRequest | null {
  const parsed = parse(body)
  const model = parsed?.['model']
  if (parsed === null || typeof model !== 'string' || model === '') return null
  const limit = limits.map((name) => parsed[name]).find((value) => typeof value === 'number')
  const answers = parsed['n']
  return {
    model,
    bytes: body.byteLength,
    maxOutputTokens: typeof limit === 'number' && limit >= 0 ? limit : null,
    answers: typeof answers === 'number' && answers > 1 ? Math.ceil(answers) : 1,
    body: asksForUsage(parsed, operation) ? body : Buffer.from(withUsage(parsed)),
  }
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
