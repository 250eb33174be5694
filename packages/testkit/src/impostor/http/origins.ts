import type { IncomingMessage } from 'node:http'
import type { Outcome } from './outcome.js'

const allowed = [
  /^http:\/\/localhost:/u,
  /^http:\/\/127\.0\.0\.1:/u,
  /^https:\/\/([\w.-]+\.)?opencode\.ai$/u,
  /^https?:\/\/tauri\.localhost$/u,
  /^tauri:\/\/localhost$/u,
  /^oc:\/\/renderer$/u,
]

/** Headers that tell a browser whether its page may read the answer. Requests of other origins are carried out too. */
export function originHeaders(request: IncomingMessage): Record<string, string> {
  const { origin } = request.headers
  if (origin === undefined) return { vary: 'Origin' }
  if (!allowed.some((each) => each.test(origin))) return {}
  return { 'access-control-allow-origin': origin, vary: 'Origin' }
}

/** The answer to a browser's question beforehand. */
export function answerPreflight(request: IncomingMessage): Outcome {
  const wanted = request.headers['access-control-request-headers']
  const own = originHeaders(request)
  const asked = wanted === undefined ? [] : ['Access-Control-Request-Headers']
  const vary = [...asked, own['vary']].filter(Boolean).join(', ')
  return {
    status: 204,
    headers: {
      ...own,
      ...(vary === '' ? {} : { vary }),
      'access-control-allow-methods': 'GET, HEAD, PUT, PATCH, POST, DELETE',
      'access-control-allow-headers': wanted ?? '',
      'access-control-max-age': '86400',
    },
  }
}
