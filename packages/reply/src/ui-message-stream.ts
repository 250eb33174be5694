/**
 * A reply as the UI-message stream of the AI SDK, without depending on it.
 *
 * ```ts
 * const chunks = uiMessageStream(reply, { ended: turn.ended, signal: request.signal })
 * return toUiMessageResponse(chunks)
 * ```
 *
 * Tools are provider-executed dynamic parts; todos, asks and sub-agents are data parts. The chunks are those of
 * version 5, which versions 6 and 7 read too.
 */
export { createUiMessageEncoder } from './ui-message/encoder.js'
export type { UiMessageEncoder, UiMessageOptions } from './ui-message/encoder.js'
export type { UiVersion } from './ui-message/encode-tool.js'
export {
  toUiMessageResponse,
  uiMessageStream,
  uiMessageStreamHeaders,
  writeUiMessageStream,
} from './ui-message/stream.js'
export type { UiMessageStreamOptions } from './ui-message/stream.js'
export type { ServerResponseLike } from './text-stream.js'
export { toUiMessage, toUiMessages } from './ui-message/snapshot.js'
export type { UiMessage, UiPart, UiTextPart, UiToolPart } from './ui-message/snapshot.js'
export type { TextPosition, ToolPosition, UiMessagePosition } from './ui-message/position.js'
export type {
  PartMark,
  UiChunk,
  UiChunk5,
  UiChunk6,
  UiDataChunk,
  UiFinishReason,
  UiSubAgent,
  UiToolOutput,
} from './ui-message/chunk.js'
