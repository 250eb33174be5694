import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { type Dispatcher, request } from 'undici'
import type { Clock } from '../clock.js'
import { onAbort } from '../http/listen.js'
import type { ModelRequest } from './model-request.js'
import { type Refusal, refusal, refusalBody } from './refusals.js'
import type { Upstream } from './upstreams.js'
import type { SaidUsage } from './usage.js'
import { createUsageReader } from './usage-reader.js'

/** How a call went that was sent to its provider. */
export interface Forwarded {
  readonly outcome: 'answered' | 'refused' | 'cut'
  /** Null when the answer did not say. */
  readonly usage: SaidUsage | null
  /** About how many tokens have come of the answer; null where that cannot be told. */
  readonly tokens: number | null
  /** What failed, if something did. */
  readonly error?: unknown
  /** Ends the answer; until then the caller still waits for its end. */
  finish(): void
}

export interface ForwardContext {
  readonly upstream: Upstream
  readonly operation: string
  readonly headers: IncomingHttpHeaders
  readonly dispatcher: Dispatcher
  readonly headersTimeoutMs: number
  /** So long nothing may come of an answer, nor be taken of it; 0 for any time. */
  readonly silenceMs: number
  readonly clock: Clock
  /** Aborts when the caller has gone, or may not call any more. */
  readonly signal: AbortSignal
}

/** What a provider must know of a call; nothing else of the agent's reaches it. */
const passedOn = [
  'content-type',
  'accept',
  'user-agent',
  'anthropic-version',
  'anthropic-beta',
  'openai-beta',
]
const passedBack =
  /^(content-type|retry-after(-ms)?|x-ratelimit-.*|anthropic-ratelimit-.*|x-request-id|request-id)$/
const longestError = 65_536

/** Sends a call to its provider, and the answer to the caller as it comes, reading along. */
export async function forward(
  call: ModelRequest,
  response: ServerResponse,
  context: ForwardContext,
): Promise<Forwarded> {
  const { upstream, operation, signal } = context
  let answer: Dispatcher.ResponseData
  try {
    answer = await request(`${upstream.baseUrl}/${operation}`, {
      method: 'POST',
      headers: { ...chosen(context.headers), 'accept-encoding': 'identity', ...upstream.headers },
      body: call.body,
      dispatcher: context.dispatcher,
      headersTimeout: context.headersTimeoutMs,
      bodyTimeout: context.silenceMs,
      signal,
    })
  } catch (error) {
    const finish = (): void => refuse(response, refusal('provider_unreachable'))
    // The provider may have got it, and may bill it, but has not said a word.
    return { outcome: signal.aborted ? 'cut' : 'refused', usage: null, tokens: 0, error, finish }
  }
  const { statusCode: status, headers, body } = answer
  if (status !== 200) return passError(status, headers, body, { response, upstream })
  return passAnswer(headers, body, response, context)
}

async function passAnswer(
  headers: IncomingHttpHeaders,
  body: Readable,
  response: ServerResponse,
  context: ForwardContext,
): Promise<Forwarded> {
  const reader = createUsageReader(String(headers['content-type'] ?? ''))
  response.writeHead(200, chosenBack(headers))
  response.flushHeaders()
  try {
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      reader.add(chunk)
      if (!response.write(chunk)) await drained(response, context)
    }
  } catch (error) {
    // The caller must not take what it has for the whole.
    const finish = (): void => void response.destroy()
    return { outcome: 'cut', usage: reader.end(), tokens: reader.tokens, error, finish }
  }
  const finish = (): void => void response.end()
  return { outcome: 'answered', usage: reader.end(), tokens: reader.tokens, finish }
}

async function passError(
  status: number,
  headers: IncomingHttpHeaders,
  body: Readable,
  { response, upstream }: { readonly response: ServerResponse; readonly upstream: Upstream },
): Promise<Forwarded> {
  const failed = { outcome: 'refused', usage: null, tokens: 0 } as const
  const text = await beginning(body).catch(() => '')
  // Such answers show the end of the key, and a redirect would lead elsewhere with it.
  if (status === 401 || status === 403) {
    const error = new Error(`${upstream.id} answered ${status} to the key of the gateway`)
    return { ...failed, error, finish: () => refuse(response, refusal('provider_key_refused')) }
  }
  if (status < 400) {
    const error = new Error(`${upstream.id} answered ${status}, which is no answer of a model`)
    return { ...failed, error, finish: () => refuse(response, refusal('provider_unreachable')) }
  }
  const { apiKey } = upstream
  const said = apiKey === null ? text : text.replaceAll(apiKey, '…')
  return {
    ...failed,
    finish() {
      response.writeHead(status, chosenBack(headers))
      response.end(said)
    },
  }
}

/** Answers a call that does not go out, or whose provider gave none. */
export function refuse(response: ServerResponse, why: Refusal): void {
  if (response.headersSent || response.destroyed) return void response.destroy()
  const retry = why.status === 429 ? { 'retry-after': '5' } : {}
  response.writeHead(why.status, { 'content-type': 'application/json', ...retry })
  response.end(refusalBody(why))
}

function chosen(headers: IncomingHttpHeaders): Record<string, string> {
  const entries = passedOn.flatMap((name) => {
    const value = headers[name]
    return typeof value === 'string' ? [[name, value]] : []
  })
  return Object.fromEntries(entries) as Record<string, string>
}

function chosenBack(headers: IncomingHttpHeaders): Record<string, string> {
  const entries = Object.entries(headers).filter(([name]) => passedBack.test(name))
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]))
}

async function beginning(body: Readable): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    chunks.push(chunk)
    bytes += chunk.byteLength
    if (bytes > longestError) break
  }
  return Buffer.concat(chunks).toString('utf8').slice(0, longestError)
}

/** Whoever takes nothing of an answer would keep its amount set aside for ever. */
async function drained(
  response: ServerResponse,
  { clock, signal, silenceMs }: ForwardContext,
): Promise<void> {
  const over = new AbortController()
  const drain = new Promise<void>((resolve, reject) => {
    response.once('drain', resolve)
    over.signal.addEventListener('abort', () => response.off('drain', resolve))
    const off = onAbort(signal, () => reject(signal.reason))
    over.signal.addEventListener('abort', off)
  })
  const late = async (): Promise<void> => {
    await clock.sleep(silenceMs, { signal: over.signal })
    throw new Error(`The caller took nothing of the answer for ${silenceMs} ms.`)
  }
  try {
    await (silenceMs === 0 ? drain : Promise.race([drain, late()]))
  } finally {
    over.abort()
  }
}
