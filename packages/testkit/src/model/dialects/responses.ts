import { joinPieces, type Piece } from './conversation.js'
import type { Dialect } from './dialect.js'
import { imagesIn, listOf, nameOf, textOf, type JsonRecord } from './json.js'
import { streamResponse, wholeResponse } from './responses-frames.js'

/** OpenAI's `POST /responses`. */
export const responses: Dialect = {
  api: 'responses',
  path: '/responses',
  read(body) {
    const { input, instructions } = body
    if (typeof input !== 'string' && !Array.isArray(input)) {
      throw new TypeError('`input` must be a string or an array')
    }
    const system = typeof instructions === 'string' ? [person('system', instructions)] : []
    const asked =
      typeof input === 'string' ? [person('user', input)] : listOf(input).flatMap(toPieces)
    return {
      messages: joinPieces([...system, ...asked]),
      tools: listOf(body['tools']).map(nameOf),
    }
  },
  stream: streamResponse,
  whole: wholeResponse,
  refusal: (by) => ({ error: errorOf(by) }),
  breakOff: (by) => ({ type: 'error', sequence_number: 0, error: errorOf(by) }),
  farewell: '',
}

function errorOf(by: Parameters<Dialect['refusal']>[0]): JsonRecord {
  const code = by.kind === 'provider-error' && by.code !== undefined ? by.code : null
  return { message: by.message, type: 'scripted', code, param: null }
}

function person(role: string, content: unknown): Piece {
  return {
    by: 'person',
    role: role === 'developer' ? 'system' : role,
    text: textOf(content),
    images: imagesIn(content),
  }
}

/** Reasoning and references to it say nothing that a script looks at. */
function toPieces(item: JsonRecord): readonly Piece[] {
  const { type, role, content, output } = item
  if (type === 'function_call') {
    const given = String(item['arguments'] ?? '')
    return [{ by: 'call', id: String(item['call_id']), name: nameOf(item), arguments: given }]
  }
  if (type === 'function_call_output') {
    const callId = String(item['call_id'])
    return [{ by: 'tool', callId, text: textOf(output), images: imagesIn(output) }]
  }
  if (role === 'assistant') return [{ by: 'model', text: textOf(content) }]
  return typeof role === 'string' ? [person(role, content)] : []
}
