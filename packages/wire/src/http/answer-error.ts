import type { IncomingHttpHeaders } from 'node:http'

import { WireError, type WireErrorCode, type WireIssue } from '../errors.js'
import { isRecord } from '../values/record.js'

/** An answer that is not a success. */
export interface Refusal {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** Its beginning is enough. */
  readonly body: string
}

/** An answer that is not a success, as this package's error. The server's words go to `issues`, not to the message. */
export function toAnswerError(label: string, refusal: Refusal): WireError {
  const { status, body } = refusal
  const parsed = parse(body)
  const code = toCode(refusal, parsed)
  const why = status === 413 ? ': too large for something before the server' : hint(code)
  return new WireError(code, `${label} answered ${status}${why}`, {
    status,
    bodyText: body,
    issues: readIssues(parsed),
  })
}

function toCode(refusal: Refusal, body: unknown): WireErrorCode {
  const { status } = refusal
  // The server itself has no limits of rate and size: whoever says this has not passed the request on, and means it.
  if (status === 429) return 'rate_limited'
  if (status === 413) return 'bad_request'
  if (!isServersOwn(refusal, body)) return 'foreign_response'
  switch (status) {
    case 400:
      return isUnreadable(body) ? 'unreadable_entry' : 'bad_request'
    case 415:
    case 422:
      return 'bad_request'
    case 401:
      return 'unauthorized'
    case 403:
      return 'forbidden'
    case 404:
      return isMissingSession(body) ? 'session_not_found' : 'not_found'
    case 409:
      return 'conflict'
    default:
      return status >= 500 ? 'server_error' : 'unexpected_status'
  }
}

/**
 * Whether the OpenCode server wrote this, and not a proxy before it. Every refusal of the server has a JSON body of
 * one of its families, but for two: a 401 has only its challenge, and a 415 is a line of text.
 */
function isServersOwn({ status, headers, body }: Refusal, parsed: unknown): boolean {
  if (status < 400) return false
  if (status === 401 && /^basic\b/i.test(String(headers['www-authenticate'] ?? ''))) return true
  if (status === 415 && body.startsWith('Unsupported content-type')) return true
  if (!isRecord(parsed)) return false
  return (
    [parsed['_tag'], parsed['name']].some((tag) => typeof tag === 'string') ||
    isRecord(parsed['data'])
  )
}

/** The server checks what it answers, too, and calls what does not pass a bad request. */
function isUnreadable(body: unknown): boolean {
  return isRecord(body) && isRecord(body['data']) && body['data']['kind'] === 'Body'
}

function hint(code: WireErrorCode): string {
  switch (code) {
    case 'unauthorized':
      return '; check `username` and `password`'
    case 'session_not_found':
      return ': the session does not exist'
    case 'bad_request':
      return '; see `issues`'
    case 'foreign_response':
      return " in words that are not the OpenCode server's; look at what is in between (proxy, gateway, `baseUrl`)"
    case 'unreadable_entry':
      return ': the server cannot write down one of these entries, see `issues`; ask for fewer'
    case 'server_error':
      return '; the server also says this to malformed ids, see its log'
    default:
      return ''
  }
}

function isMissingSession(body: unknown): boolean {
  if (!isRecord(body)) return false
  if (body['_tag'] === 'SessionNotFoundError') return true
  return messageOf(body)?.startsWith('Session not found') === true
}

/** The server has four families of error bodies: `name`+`data`, `_tag`+`message`, a bare `message`, a list of issues. */
function readIssues(body: unknown): readonly WireIssue[] {
  if (!isRecord(body)) return []
  const list = body['error'] ?? body['errors'] ?? body['issues']
  if (Array.isArray(list)) return list.slice(0, 20).flatMap(readIssue)
  const message = messageOf(body)
  if (message === null) return []
  return readIssueLines(message)
}

/** The schema checker writes a complaint per line, each followed by its place: `  at ["parts"][0]`. */
function readIssueLines(message: string): WireIssue[] {
  const issues: { path: string; message: string }[] = []
  for (const line of message.slice(0, 10_000).split('\n')) {
    const place = /^\s+at (\[.*\])$/.exec(line)?.[1]
    const last = issues.at(-1)
    if (place !== undefined && last !== undefined) {
      last.path = [...place.matchAll(/\["?([^\]"]*)"?\]/g)].map((match) => match[1]).join('.')
    } else if (line !== '' && issues.length < 20) {
      issues.push({ path: '', message: line.slice(0, 500) })
    }
  }
  return issues
}

function readIssue(value: unknown): WireIssue[] {
  if (!isRecord(value) || typeof value['message'] !== 'string') return []
  const path = Array.isArray(value['path']) ? value['path'].join('.') : ''
  return [{ path, message: value['message'].slice(0, 500) }]
}

function messageOf(body: Record<string, unknown>): string | null {
  const data = body['data']
  if (isRecord(data) && typeof data['message'] === 'string') return data['message']
  return typeof body['message'] === 'string' ? body['message'] : null
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return null
  }
}
