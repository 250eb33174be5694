import type { JsonValue } from '../records/json-value.js'
import type { PartMark, UiDataChunk, UiToolOutput } from './chunk.js'

/** A text or reasoning part of a {@link UiMessage}. */
export type UiTextPart = UiWrittenPart<'text'> | UiWrittenPart<'reasoning'>

interface UiWrittenPart<Type> {
  readonly type: Type
  readonly text: string
  readonly state: 'streaming' | 'done'
  readonly providerMetadata: { readonly turnstead: PartMark }
}

/** What every state of a tool call has. */
export interface UiToolCall {
  readonly type: 'dynamic-tool'
  readonly toolName: string
  readonly toolCallId: string
  readonly providerExecuted: true
}

/** A tool call of a {@link UiMessage}. */
export type UiToolPart =
  | (UiToolCall & { readonly state: 'input-streaming'; readonly input: JsonValue | undefined })
  | (UiToolCall & { readonly state: 'input-available'; readonly input: JsonValue })
  | (UiToolCall & {
      readonly state: 'output-available'
      readonly input: JsonValue
      readonly output: UiToolOutput
      readonly preliminary?: true
    })
  | (UiToolCall & {
      readonly state: 'output-error'
      readonly input: JsonValue | undefined
      readonly errorText: string
    })

/** A file of a {@link UiMessage} or a {@link UiUserMessage}. */
export interface UiFilePart {
  readonly type: 'file'
  readonly mediaType: string
  readonly url: string
  readonly filename?: string
}

/** A part of a {@link UiMessage}. */
export type UiPart =
  | UiTextPart
  | UiToolPart
  | UiFilePart
  | { readonly type: 'step-start' }
  | UiDataChunk

/** An assistant message as the AI SDK keeps it. */
export interface UiMessage {
  readonly id: string
  readonly role: 'assistant'
  readonly parts: UiPart[]
  readonly metadata?: JsonValue
}

/** A user's message as the AI SDK keeps it. */
export interface UiUserMessage {
  readonly id: string
  readonly role: 'user'
  readonly parts: (UiFilePart | { readonly type: 'text'; readonly text: string })[]
  readonly metadata?: JsonValue
}
