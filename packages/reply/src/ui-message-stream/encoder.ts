import type { Outcome } from '../records/outcome.js'
import type { ReplyView } from '../records/reply-view.js'
import type { JsonValue } from '../records/json-value.js'
import { relativePaths } from '../changes/relative-paths.js'
import type { PathOptions } from '../changes/relative-paths.js'
import type { ReplySource } from '../changes/reply-source.js'
import type { UiChunk, UiFinishReason } from './chunk.js'
import type { UiVersion } from './encode-tool.js'
import { beginning } from './position.js'
import type { UiMessagePosition } from './position.js'
import { ViewEncoder } from './view-encoder.js'

/** Options of {@link createUiMessageEncoder}. */
export interface UiMessageOptions extends PathOptions {
  /** Id of the UI message; default: the prompt's id with `:reply` after it. */
  readonly messageId?: string
  /** The version of the AI SDK that reads the chunks. 6 adds approval requests and denials. Default 5. */
  readonly version?: UiVersion
  /** How far the reader is already; default: it has nothing. */
  readonly position?: UiMessagePosition
  /** Metadata for the UI message, sent at its end; default none. */
  readonly messageMetadata?: (view: ReplyView) => JsonValue
  /** What the user reads when the turn failed; default a sentence without details, which may hold secrets. */
  readonly errorText?: (outcome: Extract<Outcome, { state: 'failed' }>) => string
}

/** Tells a reader of UI chunks, step by step, what it does not have yet. */
export interface UiMessageEncoder {
  /** The chunks that bring the reader to the reply as it is now; none when nothing changed. */
  next(): readonly UiChunk[]
  /** The last chunks: what is still missing, then how the turn ended. */
  end(outcome?: Outcome): readonly UiChunk[]
  /** How far the reader is: plain JSON. */
  readonly position: UiMessagePosition
}

/** Encodes a reply as chunks of the AI SDK's UI-message stream, from any position. */
export function createUiMessageEncoder(
  reply: ReplySource,
  options: UiMessageOptions = {},
): UiMessageEncoder {
  const encoder = new ViewEncoder(options.version ?? 5, options.position ?? beginning)
  const paths = relativePaths(reply, options)
  const { errorText = () => 'The assistant could not finish its answer.' } = options
  const next = (): readonly UiChunk[] => {
    const opening = encoder.start(options.messageId ?? `${reply.name ?? reply.promptId}:reply`)
    return [...opening, ...encoder.encode(paths.view(reply.view()))]
  }
  return {
    next,
    end(outcome = reply.outcome()) {
      const chunks = [...next(), ...encoder.closeTexts()]
      if (outcome.state === 'failed') {
        return [
          ...chunks,
          outcome.reason === 'aborted'
            ? { type: 'abort' }
            : { type: 'error', errorText: errorText(outcome) },
        ]
      }
      const finish =
        outcome.state === 'completed' ? { finishReason: finishReasonOf(outcome.finish) } : {}
      const metadata = options.messageMetadata && {
        messageMetadata: options.messageMetadata(paths.view(reply.view())),
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
