import type { IncomingHttpHeaders } from 'node:http'

import { WireError } from '../errors.js'
import type { Answer } from './send.js'

/**
 * The JSON of a successful answer; undefined for one without content. Unknown routes answer 200 with a web page, and so
 * do many proxies: the content type decides, not the status.
 *
 * @throws WireError `foreign_response` for a web page, `malformed_response` for anything else that is no JSON.
 */
export function readJson(label: string, { status, headers, body }: Answer): unknown {
  if (status === 204 || status === 205) return undefined
  const type = String(headers['content-type'] ?? '')
  const isJson = /^application\/([\w.-]+\+)?json\b/i.test(type)
  if (!isJson) throw notJson(label, { status, headers, body }, type)
  try {
    return JSON.parse(body.toString('utf8'))
  } catch (cause) {
    const details = { ...detailsOf({ status, body }), cause }
    throw new WireError('malformed_response', `${label} answered broken JSON`, details)
  }
}

function notJson(label: string, answer: Answer, type: string): WireError {
  const details = detailsOf(answer)
  if (isWebPage(answer.headers)) {
    const message = `${label} answered with a web page; this server has no such route, or a proxy answered`
    return new WireError('foreign_response', message, details)
  }
  const what = type === '' ? 'no content type' : type.split(';')[0]
  return new WireError('malformed_response', `${label} answered ${what} instead of JSON`, details)
}

function detailsOf({ status, body }: Pick<Answer, 'status' | 'body'>): {
  status: number
  bodyText: string
} {
  return { status, bodyText: body.toString('utf8', 0, 8192) }
}

/** True for HTML. */
export function isWebPage(headers: IncomingHttpHeaders): boolean {
  return /^\s*(text\/html|application\/xhtml\+xml)\b/i.test(String(headers['content-type'] ?? ''))
}
