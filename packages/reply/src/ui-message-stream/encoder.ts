import type { JsonValue } from '../records/json-value.js'
import type { Reply } from '../reply.js'
import type { Settled } from '../view/settled.js'
import type { ReplyView } from '../view/view.js'
import type { UiChunk, UiFinishReason } from './chunk.js'
import type { UiVersion } from './encode-tool.js'
import { beginning } from './position.js'
import type { UiMessagePosition } from './position.js'
import { ViewEncoder } from './view-encoder.js'

/** Options of {@link createUiMessageEncoder}. */
export interface UiMessageOptions {
  /** Id of the UI message; default: the prompt's id with `:reply` behind it. */
  readonly messageId?: string
  /** The version of the AI SDK that reads the chunks. 6 adds approval requests and denials. Default 5. */
  readonly version?: UiVersion
  /** How far the reader is already; default: it has nothing. */
  readonly position?: UiMessagePosition
  /** Metadata for the UI message, sent at its end; default none. */
  readonly messageMetadata?: (view: ReplyView) => JsonValue
  /** What the user reads when the turn failed; default a sentence without details, which may hold secrets. */
  readonly errorText?: (settled: Extract<Settled, { state: 'failed' }>) => string
}

/** Tells a reader of UI chunks, step by step, what it does not have yet. */
export interface UiMessageEncoder {
  /** The chunks that bring the reader to the reply as it is now; none when nothing changed. */
  next(): readonly UiChunk[]
  /** The last chunks: what is still missing, then how the turn ended. */
  end(settled?: Settled): readonly UiChunk[]
  /** How far the reader is: plain JSON. */
  readonly position: UiMessagePosition
}

/** Encodes a reply as chunks of the AI SDK's UI-message stream, from any position. */
export function createUiMessageEncoder(
  reply: Reply,
  options: UiMessageOptions = {},
): UiMessageEncoder {
  const encoder = new ViewEncoder(options.version ?? 5, options.position ?? beginning)
  const { errorText = () => 'The assistant could not finish its answer.' } = options
  const next = (): readonly UiChunk[] => {
    const opening = encoder.start(options.messageId ?? `${reply.promptId}:reply`)
    return [...opening, ...encoder.encode(reply.view())]
  }
  return {
    next,
    end(settled = reply.settled()) {
      const chunks = [...next(), ...encoder.closeTexts()]
      if (settled.state === 'failed') {
        return [
          ...chunks,
          settled.reason === 'aborted'
            ? { type: 'abort' }
            : { type: 'error', errorText: errorText(settled) },
        ]
      }
      const finish =
        settled.state === 'finished' ? { finishReason: finishReasonOf(settled.finish) } : {}
      const metadata = options.messageMetadata && {
        messageMetadata: options.messageMetadata(reply.view()),
      }
      return [...chunks, { type: 'finish', ...finish, ...metadata }]
    },
    get position() {
      return encoder.position()
    },
  }
}

function finishReasonOf(finish: string): UiFinishReason {
  return finish === 'stop' ||
    finish === 'length' ||
    finish === 'content-filter' ||
    finish === 'tool-calls'
    ? finish
    : 'other'
}
