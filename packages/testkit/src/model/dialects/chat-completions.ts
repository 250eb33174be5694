import { streamActions, wholeCompletion } from './chat-frames.js'
import type { Dialect } from './dialect.js'
import { imagesIn, isRecord, listOf, nameOf, textOf, type JsonRecord } from './json.js'
import type { ModelMessage } from './model-request.js'

/** OpenAI's `POST /chat/completions`, which OpenAI-compatible providers speak. */
export const chatCompletions: Dialect = {
  api: 'chat-completions',
  path: '/chat/completions',
  read(body) {
    if (!Array.isArray(body['messages'])) throw new TypeError('`messages` must be an array')
    return {
      messages: listOf(body['messages']).map(toMessage),
      tools: listOf(body['tools']).map((tool) => nameOf(tool['function'])),
    }
  },
  stream: streamActions,
  whole: wholeCompletion,
  refusal: (by) => ({
    error: {
      message: by.message,
      type: 'scripted',
      code: by.kind === 'provider-error' && by.code !== undefined ? by.code : null,
    },
  }),
  breakOff: ({ message, status }) => ({ error: { message, code: status } }),
  farewell: 'data: [DONE]\n\n',
}

function toMessage(message: JsonRecord): ModelMessage {
  const content = message['content']
  return {
    role: String(message['role'] ?? ''),
    text: textOf(content),
    toolCalls: listOf(message['tool_calls']).map((call) => ({
      id: String(call['id'] ?? ''),
      name: nameOf(call['function']),
      arguments: isRecord(call['function']) ? String(call['function']['arguments'] ?? '') : '',
    })),
    toolCallId: typeof message['tool_call_id'] === 'string' ? message['tool_call_id'] : null,
    isToolMedia: isToolMedia(content),
    images: imagesIn(content),
  }
}

/** Where a provider takes no media in tool results, the server puts them into a user message that begins with this. */
const mediaHeading = 'Attached media from tool result:'

/** What the server puts in the place of media that the model does not take. */
function isUnreadable(said: unknown): boolean {
  return typeof said === 'string' && said.startsWith('ERROR: Cannot read ')
}

function isToolMedia(content: unknown): boolean {
  const [heading, ...media] = listOf(content)
  return (
    heading?.['text'] === mediaHeading &&
    media.length > 0 &&
    media.every((part) => part['type'] !== 'text' || isUnreadable(part['text']))
  )
}
