import { get, type IncomingMessage } from 'node:http'
import type { Clock } from '../clock.js'

/** How a server answered a real API call. */
export interface ServerHealth {
  /** True when the call was answered with 200 and JSON in time. */
  readonly healthy: boolean
  /**
   * `ok`; `exited`: there is no process; `timeout`: no answer in time, as from a frozen process;
   * `connection`: nobody listens or the connection broke; `unauthorized`: the password is not
   * this server's, so another one listens there; `status`: any other answer.
   */
  readonly reason: 'ok' | 'exited' | 'timeout' | 'connection' | 'unauthorized' | 'status'
  /** HTTP status, when there was an answer. */
  readonly status: number | null
  /** What the server said about itself, in words, when it refused; secrets are hidden. */
  readonly detail: string | null
}

/** What {@link probeServer} needs to know. */
export interface ProbeTarget {
  readonly url: string
  readonly authorization: string | null
  readonly directory: string
}

/**
 * Asks for one session. This reaches the server's configuration, its project instance and its database;
 * `/global/health` reaches none of them and answers 200 while everything else is dead.
 */
export async function probeServer(
  target: ProbeTarget,
  options: { clock: Clock; timeoutMs: number; signal?: AbortSignal },
): Promise<ServerHealth> {
  const { clock, timeoutMs, signal } = options
  signal?.throwIfAborted()
  const stop = new AbortController()
  const abort = (): void => stop.abort(signal?.reason)
  signal?.addEventListener('abort', abort)
  try {
    return await Promise.race([
      ask(target, stop.signal),
      clock.sleep(timeoutMs, { signal: stop.signal }).then(() => unhealthy('timeout')),
    ])
  } finally {
    signal?.removeEventListener('abort', abort)
    stop.abort()
    signal?.throwIfAborted()
  }
}

function ask(target: ProbeTarget, signal: AbortSignal): Promise<ServerHealth> {
  const url = new URL(`${target.url}/session`)
  url.searchParams.set('limit', '1')
  url.searchParams.set('directory', target.directory)
  const headers = target.authorization === null ? {} : { authorization: target.authorization }
  return new Promise((resolve) => {
    const request = get(url, { agent: false, headers, signal }, (response) => {
      readStart(response).then(
        (text) => resolve(judge(response, text)),
        () => resolve(unhealthy('connection')),
      )
    })
    request.on('error', () => resolve(unhealthy('connection')))
  })
}

const maxBodyLength = 64 * 1024

async function readStart(response: IncomingMessage): Promise<string> {
  let text = ''
  response.setEncoding('utf8')
  for await (const chunk of response) {
    if (text.length < maxBodyLength) text += String(chunk)
  }
  return text.slice(0, maxBodyLength)
}

function judge(response: IncomingMessage, text: string): ServerHealth {
  const status = response.statusCode ?? 0
  const isJson = (response.headers['content-type'] ?? '').startsWith('application/json')
  if (status === 200 && isJson) return { healthy: true, reason: 'ok', status, detail: null }
  if (status === 401) return { healthy: false, reason: 'unauthorized', status, detail: null }
  return { healthy: false, reason: 'status', status, detail: describe(text) }
}

/** The server names a broken configuration as `{ name, data: { message } }` or `{ name, data: { issues: [{ path, message }] } }`. */
function describe(text: string): string | null {
  const body = asRecord(parse(text))
  const data = asRecord(body['data'])
  const issues = Array.isArray(data['issues']) ? data['issues'].map(asRecord) : []
  const words = [
    body['name'],
    data['message'],
    ...issues.map((issue) => `${[issue['path']].flat().join('.')}: ${String(issue['message'])}`),
  ].filter((word) => typeof word === 'string')
  return words.length === 0 ? null : words.join('; ').replaceAll(/\s+/g, ' ').slice(0, 500)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

export function unhealthy(reason: 'exited' | 'timeout' | 'connection'): ServerHealth {
  return { healthy: false, reason, status: null, detail: null }
}
