import type { Ask } from '../records/ask.js'
import type { JsonObject, JsonValue } from '../records/json-value.js'
import type { Todo } from '../records/todo.js'

/** What the parts of this package carry under `providerMetadata.turnstead`. A type, because an interface has no index. */
export type PartMark = {
  /** The reply's part that a text comes from. */
  readonly partId: string
  /** True on the text of a part that the server lost. */
  readonly lost?: true
  /** True on the text of an attempt that failed and was repeated. */
  readonly superseded?: true
}

interface Marked {
  readonly providerMetadata?: { readonly turnstead: PartMark }
}

/** What a tool call came to: the text for the model, and what there is to show. */
export interface UiToolOutput {
  readonly output: string
  readonly title: string | null
  readonly metadata: JsonObject | null
}

/** A sub-agent, without its tool calls: those are parts of their own. */
export interface UiSubAgent {
  readonly sessionId: string
  /** The tool call that started it. */
  readonly toolCallId: string | null
  readonly title: string | null
  readonly agent: string | null
  /** What it wrote, as far as the server stated it. */
  readonly text: string
}

/** Data parts, which need names of their own in the host's message type. */
export type UiDataChunk =
  | { readonly type: 'data-todos'; readonly id: string; readonly data: readonly Todo[] }
  | { readonly type: 'data-ask'; readonly id: string; readonly data: Ask }
  | { readonly type: 'data-sub-agent'; readonly id: string; readonly data: UiSubAgent }
  | {
      readonly type: 'data-retry'
      readonly id: string
      readonly data: { readonly attempt: number; readonly nextAt: number | null }
    }
  | {
      readonly type: 'data-note'
      readonly id: string
      readonly data: { readonly type: string; readonly data: JsonValue }
    }
  /**
   * What was shown under this id is not valid any more: the server removed it or states it differently. When it is
   * there again, it is sent under another id, with `~1` after the part's id, then `~2`. Readers keep the ids of tool
   * calls and data only; of the texts with one `partId`, the first ones are meant, one for each such chunk.
   */
  | {
      readonly type: 'data-withdrawn'
      readonly id: string
      /** The part; for an ask or a sub-agent its own id. */
      readonly data: { readonly partId: string }
    }

interface ToolCall {
  readonly toolCallId: string
  readonly dynamic: true
  readonly providerExecuted: true
}

/** A chunk of the AI SDK's UI-message stream: the set of version 5. */
export type UiChunk5 =
  | { readonly type: 'start'; readonly messageId: string; readonly messageMetadata?: JsonValue }
  | ({ readonly type: 'text-start'; readonly id: string } & Marked)
  | ({ readonly type: 'reasoning-start'; readonly id: string } & Marked)
  | { readonly type: 'text-delta'; readonly id: string; readonly delta: string }
  | { readonly type: 'reasoning-delta'; readonly id: string; readonly delta: string }
  | ({ readonly type: 'text-end'; readonly id: string } & Marked)
  | ({ readonly type: 'reasoning-end'; readonly id: string } & Marked)
  | ({ readonly type: 'tool-input-start'; readonly toolName: string } & ToolCall)
  | ({
      readonly type: 'tool-input-available'
      readonly toolName: string
      readonly input: JsonObject
    } & ToolCall)
  | ({
      readonly type: 'tool-output-available'
      readonly output: UiToolOutput
      readonly preliminary?: true
    } & ToolCall)
  | ({ readonly type: 'tool-output-error'; readonly errorText: string } & ToolCall)
  /** Never an address that a browser would run: `http`, `https`, `data`, `file`, or one without a scheme. */
  | { readonly type: 'file'; readonly url: string; readonly mediaType: string }
  | UiDataChunk
  | { readonly type: 'start-step' }
  | { readonly type: 'error'; readonly errorText: string }
  | { readonly type: 'abort' }
  | {
      readonly type: 'finish'
      readonly finishReason?: UiFinishReason
      readonly messageMetadata?: JsonValue
    }

/** The finish reasons that all versions of the AI SDK know. */
export type UiFinishReason = 'stop' | 'length' | 'content-filter' | 'tool-calls' | 'error' | 'other'

/** Chunks that came with version 6; sent only when asked for. */
export type UiChunk6 =
  | {
      readonly type: 'tool-approval-request'
      readonly approvalId: string
      readonly toolCallId: string
    }
  | { readonly type: 'tool-output-denied'; readonly toolCallId: string }

/** A chunk of the AI SDK's UI-message stream. */
export type UiChunk = UiChunk5 | UiChunk6
