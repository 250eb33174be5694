import type { Clock } from '../clock.js'
import { callApi, type ApiTarget } from './api-call.js'

/** How a server answered a real API call. */
export interface ServerHealth {
  /** True when the call was answered with 200 and JSON in time. */
  readonly healthy: boolean
  /**
   * `ok`; `exited`: there is no process; `timeout`: no answer in time, as from a frozen process;
   * `connection`: nothing listens, or the connection broke; `unauthorized`: the password is not
   * this server's, so another one listens there; `status`: any other answer.
   */
  readonly reason: 'ok' | 'exited' | 'timeout' | 'connection' | 'unauthorized' | 'status'
  /** HTTP status, when there was an answer. */
  readonly status: number | null
  /** What the server said about itself, in words, when it refused; secrets are hidden. */
  readonly detail: string | null
}

/**
 * Asks for one session. This reaches the server's configuration, its project instance and its database;
 * `/global/health` reaches none of them and answers 200 while everything else is dead.
 */
export async function probeServer(
  target: ApiTarget,
  options: { clock: Clock; timeoutMs: number; signal?: AbortSignal },
): Promise<ServerHealth> {
  const call = { method: 'GET', path: '/session', query: { limit: '1' } } as const
  const answer = await callApi(target, call, options)
  if (answer.kind !== 'answer') return unhealthy(answer.kind)
  const { status, isJson, text } = answer
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
