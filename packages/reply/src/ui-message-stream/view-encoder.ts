import type { ReplyView } from '../records/reply-view.js'
import type { ReplyPart } from '../records/part.js'
import { answerText } from '../records/answer.js'
import { isTerminal } from '../records/tool-status.js'
import type { UiChunk, UiDataChunk } from './chunk.js'
import { encodeText, takenBack } from './encode-text.js'
import { encodeTool } from './encode-tool.js'
import type { UiVersion } from './encode-tool.js'
import { isFileAddress } from './file-address.js'
import { fingerprint } from './fingerprint.js'
import { idInRound } from './position.js'
import type { TextPosition, ToolPosition, UiMessagePosition } from './position.js'

/** Finds out what a reader does not have yet, and remembers what it was sent. */
export class ViewEncoder {
  readonly #version: UiVersion
  readonly #texts: Map<string, TextPosition>
  readonly #tools: Map<string, ToolPosition>
  readonly #sent: Set<string>
  readonly #data: Map<string, string>
  readonly #rounds: Map<string, number>
  /** The parts as they were encoded last; empty after a resumption. */
  #shown = new Map<string, ReplyPart>()
  #isStarted: boolean

  constructor(version: UiVersion, position: UiMessagePosition) {
    this.#version = version
    this.#isStarted = position.isStarted
    this.#texts = new Map(Object.entries(position.texts))
    this.#tools = new Map(Object.entries(position.tools))
    this.#sent = new Set(position.sent)
    this.#data = new Map(Object.entries(position.data))
    this.#rounds = new Map(Object.entries(position.rounds))
  }

  position(): UiMessagePosition {
    return {
      isStarted: this.#isStarted,
      texts: Object.fromEntries([...this.#texts].map(([id, text]) => [id, this.#marked(id, text)])),
      tools: Object.fromEntries(this.#tools),
      sent: [...this.#sent],
      data: Object.fromEntries(this.#data),
      rounds: Object.fromEntries(this.#rounds),
    }
  }

  start(messageId: string): readonly UiChunk[] {
    if (this.#isStarted) return []
    this.#isStarted = true
    return [{ type: 'start', messageId }]
  }

  encode(view: ReplyView): readonly UiChunk[] {
    const shown = new Map<string, ReplyPart>()
    const chunks = this.#encodeParts(view, view.parts, true, shown)
    const there = new Set([...shown.keys(), 'todos'])
    if (view.todos.length > 0 || this.#data.has('todos')) {
      chunks.push(...this.#encodeData({ type: 'data-todos', id: 'todos', data: view.todos }))
    }
    for (const ask of view.asks) {
      there.add(ask.id)
      chunks.push(...this.#encodeData({ type: 'data-ask', id: ask.id, data: ask }))
    }
    for (const child of view.children) {
      const { sessionId, toolPartId, title, agent } = child
      there.add(sessionId)
      const toolCallId = toolPartId === null ? null : this.#idOf(toolPartId)
      const text = answerText(child.parts.filter((part) => part.kind !== 'text' || part.final))
      const data = { sessionId, toolCallId, title, agent, text }
      chunks.push(...this.#encodeData({ type: 'data-sub-agent', id: sessionId, data }))
    }
    this.#shown = shown
    return [...chunks, ...this.#withdraw(there)]
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
        const { chunks, position, round } = encodeText(part, known, text, this.#roundOf(part.id))
        if (round > 0) this.#rounds.set(part.id, round)
        if (position === null) this.#texts.delete(part.id)
        else this.#texts.set(part.id, position)
        return [...chunks]
      }
      case 'tool': {
        const known = this.#tools.get(part.id) ?? null
        const { chunks, position } = encodeTool(part, this.#idOf(part.id), known, this.#version)
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
      case 'note': {
        const { id, type, data } = part
        return this.#encodeData({ type: 'data-note', id, data: { type, data } })
      }
      default:
        return []
    }
  }

  #encodeFile(id: string, url: string | null, mediaType: string): UiChunk[] {
    if (url === null || this.#sent.has(id) || !isFileAddress(url)) return []
    this.#sent.add(id)
    return [{ type: 'file', url, mediaType }]
  }

  /**
   * A reader looks for a running call in the current step only, so no step begins while one runs. Such a step is not
   * sent later either, when it would come after what belongs to it.
   */
  #encodeStep(id: string): UiChunk[] {
    if (this.#sent.has(id)) return []
    this.#sent.add(id)
    const isRunning = [...this.#tools.values()].some(({ status }) => !isTerminal(status))
    return isRunning ? [] : [{ type: 'start-step' }]
  }

  #encodeData(chunk: UiDataChunk): UiChunk[] {
    const mark = fingerprint(JSON.stringify(chunk.data))
    if (this.#data.get(chunk.id) === mark) return []
    this.#data.set(chunk.id, mark)
    return [{ ...chunk, id: this.#idOf(chunk.id) }]
  }

  #withdraw(there: ReadonlySet<string>): UiChunk[] {
    const chunks: UiChunk[] = []
    for (const [id, position] of this.#texts) {
      if (there.has(id)) continue
      chunks.push(...takenBack(id, position))
      this.#texts.delete(id)
      this.#rounds.set(id, this.#roundOf(id) + 1)
    }
    for (const id of [...this.#tools.keys(), ...this.#sent, ...this.#data.keys()]) {
      // The files of a tool call have its id and a number.
      const partId = id.replace(/\/\d+$/, '')
      if (there.has(id) || there.has(partId)) continue
      chunks.push({ type: 'data-withdrawn', id: this.#idOf(id), data: { partId } })
      this.#rounds.set(id, this.#roundOf(id) + 1)
      this.#tools.delete(id)
      this.#sent.delete(id)
      this.#data.delete(id)
    }
    return chunks
  }

  /** A text with the mark of what was sent of it, made only here because it costs as much as the text is long. */
  #marked(id: string, text: TextPosition): TextPosition {
    const shown = this.#shown.get(id)
    if (shown === undefined || !('text' in shown)) return text
    return { ...text, fingerprint: fingerprint(shown.text.slice(0, text.length)) }
  }

  #roundOf(id: string): number {
    return this.#rounds.get(id) ?? 0
  }

  #idOf(id: string): string {
    return idInRound(id, this.#roundOf(id))
  }
}
