import { joinPieces, type Piece } from './conversation.js'
import type { Dialect } from './dialect.js'
import { imagesIn, listOf, nameOf, textOf, type JsonRecord } from './json.js'
import { streamMessage, wholeMessage } from './messages-frames.js'

/** Anthropic's `POST /messages`. */
export const messages: Dialect = {
  api: 'messages',
  path: '/messages',
  read(body) {
    if (!Array.isArray(body['messages'])) throw new TypeError('`messages` must be an array')
    const system: Piece = {
      by: 'person',
      role: 'system',
      text: textOf(body['system']),
      images: 0,
    }
    return {
      messages: joinPieces([system, ...listOf(body['messages']).flatMap(toPieces)]),
      tools: listOf(body['tools']).map(nameOf),
    }
  },
  stream: streamMessage,
  whole: wholeMessage,
  refusal: refuse,
  breakOff: refuse,
  farewell: '',
}

const errorTypes: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  529: 'overloaded_error',
}

function refuse(by: Parameters<Dialect['refusal']>[0]): JsonRecord {
  const named = by.kind === 'provider-error' ? by.code : undefined
  const type = named ?? errorTypes[by.status] ?? 'api_error'
  return { type: 'error', error: { type, message: by.message } }
}

/** One message may hold the results of tools and, after them, what a person asks. */
function toPieces(message: JsonRecord): readonly Piece[] {
  const content =
    typeof message['content'] === 'string'
      ? [{ type: 'text', text: message['content'] }]
      : listOf(message['content'])
  return message['role'] === 'assistant' ? content.flatMap(toModelPieces) : toUserPieces(content)
}

function toModelPieces(block: JsonRecord): readonly Piece[] {
  if (block['type'] === 'text') return [{ by: 'model', text: textOf([block]) }]
  if (block['type'] !== 'tool_use') return []
  const given = JSON.stringify(block['input'] ?? {})
  return [{ by: 'call', id: String(block['id']), name: nameOf(block), arguments: given }]
}

function toUserPieces(content: readonly JsonRecord[]): readonly Piece[] {
  const results = content
    .filter((block) => block['type'] === 'tool_result')
    .map((block): Piece => ({
      by: 'tool',
      callId: String(block['tool_use_id']),
      text: textOf(block['content']),
      images: imagesIn(block['content']),
    }))
  const said = content.filter((block) => block['type'] !== 'tool_result')
  if (said.length === 0) return results
  return [...results, { by: 'person', role: 'user', text: textOf(said), images: imagesIn(said) }]
}
