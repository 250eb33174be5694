import type { JsonValue } from '../records/json-value.js'
import type { ReplySource } from '../changes/reply-source.js'
import type { PartMark, UiChunk, UiDataChunk, UiToolOutput } from './chunk.js'
import { createUiMessageEncoder } from './encoder.js'
import type { UiMessageOptions } from './encoder.js'

/** A text or reasoning part of a {@link UiMessage}. */
export interface UiTextPart {
  readonly type: 'text' | 'reasoning'
  readonly text: string
  readonly state: 'streaming' | 'done'
  readonly providerMetadata: { readonly turnstead: PartMark }
}

/** A tool call of a {@link UiMessage}. */
export interface UiToolPart {
  readonly type: 'dynamic-tool'
  readonly toolName: string
  readonly toolCallId: string
  readonly providerExecuted: true
  readonly state: 'input-streaming' | 'input-available' | 'output-available' | 'output-error'
  readonly input?: JsonValue
  readonly output?: UiToolOutput
  readonly preliminary?: true
  readonly errorText?: string
}

/** A part of a {@link UiMessage}. */
export type UiPart =
  | UiTextPart
  | UiToolPart
  | { readonly type: 'file'; readonly mediaType: string; readonly url: string }
  | { readonly type: 'step-start' }
  | UiDataChunk

/** An assistant message as the AI SDK keeps it. */
export interface UiMessage {
  readonly id: string
  readonly role: 'assistant'
  readonly parts: readonly UiPart[]
  readonly metadata?: JsonValue
}

/** A reply as a UI message of the AI SDK: what a reader of its chunks has, without the stream. */
export function toUiMessage(
  reply: ReplySource,
  options: Omit<UiMessageOptions, 'position'> = {},
): UiMessage {
  // Approvals belong to a live stream; a snapshot shows where each call stands.
  const encoder = createUiMessageEncoder(reply, { ...options, version: 5 })
  const parts: UiPart[] = []
  for (const chunk of encoder.next()) addChunk(parts, chunk)
  const id = options.messageId ?? `${reply.promptId}:reply`
  const metadata = options.messageMetadata && { metadata: options.messageMetadata(reply.view()) }
  return { id, role: 'assistant', parts, ...metadata }
}

/** Several replies as UI messages, in the given order. */
export function toUiMessages(
  replies: Iterable<ReplySource>,
  options: Omit<UiMessageOptions, 'position' | 'messageId'> = {},
): readonly UiMessage[] {
  return Array.from(replies, (reply) => toUiMessage(reply, options))
}

function addChunk(parts: UiPart[], chunk: UiChunk): void {
  switch (chunk.type) {
    case 'text-start':
    case 'reasoning-start': {
      const { providerMetadata = { turnstead: { partId: chunk.id } } } = chunk
      const type = chunk.type === 'text-start' ? 'text' : 'reasoning'
      parts.push({ type, text: '', state: 'streaming', providerMetadata })
      return
    }
    case 'text-delta':
    case 'reasoning-delta':
      return changeLast(parts, isText, (part) => ({ ...part, text: part.text + chunk.delta }))
    case 'text-end':
    case 'reasoning-end': {
      const { providerMetadata } = chunk
      return changeLast(parts, isText, (part) => ({
        ...part,
        ...(providerMetadata && { providerMetadata }),
        state: 'done',
      }))
    }
    case 'tool-input-start': {
      const { toolName, toolCallId } = chunk
      parts.push({
        type: 'dynamic-tool',
        toolName,
        toolCallId,
        providerExecuted: true,
        state: 'input-streaming',
      })
      return
    }
    case 'tool-input-available':
      return changeLast(parts, isTool, (part) => ({
        ...part,
        state: 'input-available',
        input: chunk.input,
      }))
    case 'tool-output-available': {
      const { output, preliminary } = chunk
      return changeLast(parts, isTool, (part) => ({
        ...part,
        state: 'output-available',
        output,
        ...(preliminary && { preliminary }),
      }))
    }
    case 'tool-output-error':
      return changeLast(parts, isTool, (part) => ({
        ...part,
        state: 'output-error',
        errorText: chunk.errorText,
      }))
    case 'file':
      parts.push({ type: 'file', mediaType: chunk.mediaType, url: chunk.url })
      return
    case 'start-step':
      parts.push({ type: 'step-start' })
      return
    case 'data-todos':
    case 'data-ask':
    case 'data-sub-agent':
    case 'data-retry':
    case 'data-note':
    case 'data-withdrawn':
      parts.push(chunk)
      return
    default:
  }
}

/** To a reader that has nothing, every part is sent whole before the next one begins. */
function changeLast<Part extends UiPart>(
  parts: UiPart[],
  isMeant: (part: UiPart) => part is Part,
  change: (part: Part) => UiPart,
): void {
  const index = parts.findLastIndex(isMeant)
  const part = parts[index]
  if (part !== undefined && isMeant(part)) parts[index] = change(part)
}

function isText(part: UiPart): part is UiTextPart {
  return part.type === 'text' || part.type === 'reasoning'
}

function isTool(part: UiPart): part is UiToolPart {
  return part.type === 'dynamic-tool'
}
