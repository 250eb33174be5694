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
  const details = { status, bodyText: body.toString('utf8', 0, 8192) }
  if (isWebPage(headers)) {
    const message = `${label} answered with a web page; this server has no such route, or a proxy answered`
    throw new WireError('foreign_response', message, details)
  }
  const type = String(headers['content-type'] ?? '')
  if (!/^application\/([\w.-]+\+)?json\b/i.test(type)) {
    const what = type === '' ? 'no content type' : type.split(';')[0]
    throw new WireError('malformed_response', `${label} answered ${what} instead of JSON`, details)
  }
  try {
    return JSON.parse(body.toString('utf8'))
  } catch (cause) {
    throw new WireError('malformed_response', `${label} answered broken JSON`, {
      ...details,
      cause,
    })
  }
}

/** True for HTML. */
export function isWebPage(headers: IncomingHttpHeaders): boolean {
  return /^\s*(text\/html|application\/xhtml\+xml)\b/i.test(String(headers['content-type'] ?? ''))
}
