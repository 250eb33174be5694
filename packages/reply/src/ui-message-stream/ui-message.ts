import type { JsonValue } from '../records/json-value.js'
import type { ReplySource } from '../changes/reply-source.js'
import { addChunk } from './add-chunk.js'
import type { UiFilePart, UiMessage, UiPart, UiUserMessage } from './ui-parts.js'
import { createUiMessageEncoder } from './encoder.js'
import type { UiMessageOptions } from './encoder.js'

/** A reply as a UI message of the AI SDK: what a reader of its chunks has, without the stream. */
export function toUiMessage(
  reply: ReplySource,
  options: Omit<UiMessageOptions, 'position'> = {},
): UiMessage {
  // Approvals belong to a live stream; a snapshot shows how far each call is.
  const encoder = createUiMessageEncoder(reply, { ...options, version: 5 })
  const parts: UiPart[] = []
  for (const chunk of encoder.next()) addChunk(parts, chunk)
  const id = options.messageId ?? `${reply.name ?? reply.promptId}:reply`
  const metadata = options.messageMetadata && { metadata: options.messageMetadata(reply.view()) }
  return { id, role: 'assistant', parts, ...metadata }
}

/** What the user said: the prompt of a turn. The server's echo of it is no part of a reply. */
export interface UiPrompt {
  /** Id of the UI message; default: the prompt's id. */
  readonly id?: string
  readonly text: string
  readonly files?: readonly UiFilePart[]
  readonly metadata?: JsonValue
}

/** One turn of a history: what the user said, and the answer as far as there is one. */
export interface UiTurn {
  readonly prompt: UiPrompt
  readonly reply: ReplySource | null
}

/**
 * Turns as UI messages, in the given order; a reply alone gives the assistant's message only.
 *
 * Throws a `TypeError` for a prompt without a reply and without an `id`.
 */
export function toUiMessages(
  turns: Iterable<ReplySource | UiTurn>,
  options: Omit<UiMessageOptions, 'position' | 'messageId'> = {},
): (UiMessage | UiUserMessage)[] {
  return Array.from(turns).flatMap((turn) => {
    if (!('prompt' in turn)) return [toUiMessage(turn, options)]
    const { prompt, reply } = turn
    const user = toUserMessage(prompt, reply?.promptId)
    return reply === null ? [user] : [user, toUiMessage(reply, options)]
  })
}

function toUserMessage(
  { id, text, files = [], metadata }: UiPrompt,
  promptId: string | undefined,
): UiUserMessage {
  const messageId = id ?? promptId
  if (messageId === undefined) throw new TypeError('`prompt.id` is missing: there is no reply yet')
  const texts = text === '' ? [] : [{ type: 'text' as const, text }]
  return {
    id: messageId,
    role: 'user',
    parts: [...texts, ...files],
    ...(metadata !== undefined && { metadata }),
  }
}
