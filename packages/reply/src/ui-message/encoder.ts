import type { JsonValue } from '../json-value.js'
import type { ReplyPart } from '../part.js'
import type { Reply } from '../reply.js'
import { answerText } from '../result.js'
import type { Settled } from '../settled.js'
import { isTerminal } from '../tool-status.js'
import type { ReplyView } from '../view.js'
import type { UiChunk, UiDataChunk, UiFinishReason } from './chunk.js'
import { encodeText, takenBack } from './encode-text.js'
import { encodeTool } from './encode-tool.js'
import type { UiVersion } from './encode-tool.js'
import { beginning } from './position.js'
import type { TextPosition, ToolPosition, UiMessagePosition } from './position.js'

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
  const encoder = new Encoder(options.version ?? 5, options.position ?? beginning)
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

class Encoder {
  readonly #version: UiVersion
  readonly #texts: Map<string, TextPosition>
  readonly #tools: Map<string, ToolPosition>
  readonly #sent: Set<string>
  readonly #data: Map<string, string>
  /** The parts as they were encoded last; empty after a resumption. */
  #shown = new Map<string, ReplyPart>()
  #isStarted: boolean
  #revision = -1

  constructor(version: UiVersion, position: UiMessagePosition) {
    this.#version = version
    this.#isStarted = position.isStarted
    this.#texts = new Map(Object.entries(position.texts))
    this.#tools = new Map(Object.entries(position.tools))
    this.#sent = new Set(position.sent)
    this.#data = new Map(Object.entries(position.data))
  }

  position(): UiMessagePosition {
    return {
      isStarted: this.#isStarted,
      texts: Object.fromEntries(this.#texts),
      tools: Object.fromEntries(this.#tools),
      sent: [...this.#sent],
      data: Object.fromEntries(this.#data),
    }
  }

  start(messageId: string): readonly UiChunk[] {
    if (this.#isStarted) return []
    this.#isStarted = true
    return [{ type: 'start', messageId }]
  }

  encode(view: ReplyView): readonly UiChunk[] {
    if (view.revision === this.#revision) return []
    this.#revision = view.revision
    const shown = new Map<string, ReplyPart>()
    const chunks = this.#encodeParts(view, view.parts, true, shown)
    chunks.push(...this.#withdraw(shown))
    if (view.todos.length > 0 || this.#data.has('todos')) {
      chunks.push(...this.#encodeData({ type: 'data-todos', id: 'todos', data: view.todos }))
    }
    for (const ask of view.asks)
      chunks.push(...this.#encodeData({ type: 'data-ask', id: ask.id, data: ask }))
    for (const child of view.children) {
      const { sessionId, toolPartId, title, agent } = child
      const text = answerText(child.parts.filter((part) => part.kind !== 'text' || part.final))
      const data = { sessionId, toolCallId: toolPartId, title, agent, text }
      chunks.push(...this.#encodeData({ type: 'data-sub-agent', id: sessionId, data }))
    }
    this.#shown = shown
    return chunks
  }

  closeTexts(): readonly UiChunk[] {
    const chunks: UiChunk[] = []
    for (const [id, position] of this.#texts) {
      if (!position.isOpen) continue
      chunks.push({ type: `${position.kind}-end`, id: position.chunkId })
      this.#texts.set(id, { ...position, isOpen: false })
    }
    return chunks
  }

  /** The tool calls and files of a sub-agent follow the call that started it; its texts are not the answer. */
  #encodeParts(
    view: ReplyView,
    parts: readonly ReplyPart[],
    isAnswer: boolean,
    shown: Map<string, ReplyPart>,
  ): UiChunk[] {
    return parts.flatMap((part) => {
      const chunks =
        isAnswer || part.kind === 'tool' || part.kind === 'file'
          ? this.#encodePart(part, shown)
          : []
      const child =
        part.kind === 'tool' && view.children.find((each) => each.toolPartId === part.id)
      return child ? [...chunks, ...this.#encodeParts(view, child.parts, false, shown)] : chunks
    })
  }

  #encodePart(part: ReplyPart, shown: Map<string, ReplyPart>): UiChunk[] {
    const before = this.#shown.get(part.id)
    shown.set(part.id, part)
    if (before === part) return []
    switch (part.kind) {
      case 'text':
      case 'reasoning': {
        if (part.summary || (part.kind === 'text' && part.synthetic)) return []
        const known = this.#texts.get(part.id) ?? null
        const text = before !== undefined && 'text' in before ? before.text : null
        const { chunks, position } = encodeText(part, known, text)
        if (position === null) this.#texts.delete(part.id)
        else this.#texts.set(part.id, position)
        return [...chunks]
      }
      case 'tool': {
        const known = this.#tools.get(part.id) ?? null
        const { chunks, position } = encodeTool(
          part,
          known,
          before?.kind === 'tool' ? before : null,
          this.#version,
        )
        this.#tools.set(part.id, position)
        const files = part.attachments.flatMap(({ url, mime }, index) =>
          this.#encodeFile(`${part.id}/${index}`, url, mime),
        )
        return [...chunks, ...files]
      }
      case 'file':
        return this.#encodeFile(part.id, part.url, part.mime)
      case 'step-start':
        return this.#encodeStep(part.id)
      case 'retry': {
        const { id, attempt, nextAt } = part
        return this.#encodeData({ type: 'data-retry', id, data: { attempt, nextAt } })
      }
      default:
        return []
    }
  }

  #encodeFile(id: string, url: string, mediaType: string): UiChunk[] {
    if (this.#sent.has(id)) return []
    this.#sent.add(id)
    return [{ type: 'file', url, mediaType }]
  }

  /** A reader looks for a running call in the current step only, so no step begins while one runs. */
  #encodeStep(id: string): UiChunk[] {
    if (this.#sent.has(id) || [...this.#tools.values()].some(({ status }) => !isTerminal(status)))
      return []
    this.#sent.add(id)
    return [{ type: 'start-step' }]
  }

  #encodeData(chunk: UiDataChunk): UiChunk[] {
    const json = JSON.stringify(chunk.data)
    if (this.#data.get(chunk.id) === json) return []
    this.#data.set(chunk.id, json)
    return [chunk]
  }

  #withdraw(shown: ReadonlyMap<string, ReplyPart>): UiChunk[] {
    const chunks: UiChunk[] = []
    for (const [id, position] of this.#texts) {
      if (shown.has(id)) continue
      chunks.push(...takenBack(id, position))
      this.#texts.delete(id)
    }
    for (const id of [...this.#tools.keys(), ...this.#sent]) {
      const partId = id.split('/')[0] ?? id
      if (shown.has(partId)) continue
      chunks.push({ type: 'data-withdrawn', id, data: { partId } })
      this.#tools.delete(id)
      this.#sent.delete(id)
    }
    return chunks
  }
}
