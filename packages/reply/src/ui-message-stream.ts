/**
 * A reply as the UI-message stream of the AI SDK, without depending on it.
 *
 * ```ts
 * const chunks = uiMessageStream(reply, { ended: runTurn(options), signal: request.signal })
 * return toUiMessageResponse(chunks)
 * ```
 *
 * Tools are provider-executed dynamic parts; todos, asks and sub-agents are data parts. The chunks are those of
 * version 5, which versions 6 and 7 read too.
 */
export { createUiMessageEncoder } from './ui-message-stream/encoder.js'
export type { UiMessageEncoder, UiMessageOptions } from './ui-message-stream/encoder.js'
export type { UiVersion } from './ui-message-stream/encode-tool.js'
export {
  toUiMessageResponse,
  uiMessageStream,
  uiMessageStreamHeaders,
  writeUiMessageStream,
} from './ui-message-stream/stream.js'
export type { UiMessageStreamOptions, UiResponseOptions } from './ui-message-stream/stream.js'
export type { ServerResponseLike } from './streaming/text-stream.js'
export { toUiMessage, toUiMessages } from './ui-message-stream/ui-message.js'
export type { UiPrompt, UiTurn } from './ui-message-stream/ui-message.js'
export type {
  UiFilePart,
  UiMessage,
  UiPart,
  UiTextPart,
  UiToolCall,
  UiToolPart,
  UiUserMessage,
} from './ui-message-stream/ui-parts.js'
export type { TextPosition, ToolPosition, UiMessagePosition } from './ui-message-stream/position.js'
export type {
  PartMark,
  UiChunk,
  UiChunk5,
  UiChunk6,
  UiDataChunk,
  UiFinishReason,
  UiSubAgent,
  UiToolOutput,
} from './ui-message-stream/chunk.js'
export type { PathOptions } from './changes/relative-paths.js'
