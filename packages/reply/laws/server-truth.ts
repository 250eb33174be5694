import { isDeepStrictEqual } from 'node:util'
import type { ReplyPart, ReplyView } from '../src/index.js'

/**
 * Where a view says something else than the server's raw messages. Reads those messages in a way of its own, so that
 * it shares no mistake with the reply.
 */
export function contradictions(view: ReplyView, messages: readonly unknown[]): readonly string[] {
  const found: string[] = []
  const own = messagesOfTurn(view.promptId, messages)
  const named = view.messages.filter(({ sessionId }) => sessionId === view.sessionId)
  if (!isDeepStrictEqual(named.map(({ id }) => id).sort(), [...own].sort()))
    found.push(`other messages: ${named.map(({ id }) => id).join()} for ${[...own].join()}`)
  for (const message of messages) {
    const { info, parts } = Object(message)
    if (!own.has(info.id)) continue
    const shown = view.parts.filter((part) => part.messageId === info.id)
    const ids = parts.map((part: { id: string }) => part.id)
    if (
      !isDeepStrictEqual(
        ids,
        shown.map(({ id }) => id),
      )
    )
      found.push(`${info.id}: other parts`)
    for (const [index, raw] of parts.entries()) {
      const part = shown[index]
      if (part !== undefined && !agrees(part, raw))
        found.push(`${info.id} ${raw.id}: other content`)
    }
    const record = view.messages.find(({ id }) => id === info.id)
    if (record?.cost !== info.cost || record?.finish !== (info.finish ?? null))
      found.push(`${info.id}: other message`)
    if (record?.tokens.cacheRead !== info.tokens.cache.read) found.push(`${info.id}: other tokens`)
  }
  return found
}

function agrees(
  part: ReplyPart,
  raw: Record<string, unknown> & { readonly state?: Record<string, unknown> },
): boolean {
  if (part.kind === 'text' || part.kind === 'reasoning')
    return part.kind === raw['type'] && part.text === raw['text']
  if (part.kind !== 'tool') return part.kind === raw['type'] || part.kind === 'unknown'
  const state = raw.state ?? {}
  return (
    part.callId === raw['callID'] &&
    part.status === state['status'] &&
    isDeepStrictEqual(part.input, state['input']) &&
    part.output === (state['output'] ?? null) &&
    part.error === (state['error'] ?? null) &&
    isDeepStrictEqual(part.metadata, emptyIsNull(state['metadata'])) &&
    (part.tool === raw['tool'] || raw['tool'] === 'invalid')
  )
}

function emptyIsNull(value: unknown): unknown {
  return value === undefined || isDeepStrictEqual(value, {}) ? null : value
}

interface Listed {
  readonly info: {
    readonly id: string
    readonly role: string
    readonly parentID?: string
    readonly finish?: string
    readonly error?: unknown
    readonly structured?: unknown
    readonly summary?: unknown
    readonly time: { readonly created: number; readonly completed?: number }
  }
  readonly parts: readonly (Record<string, unknown> & {
    readonly metadata?: Record<string, unknown>
    readonly state?: Record<string, unknown> & { readonly metadata?: Record<string, unknown> }
  })[]
}

/** The assistant messages of one session that answer a prompt, alone or together with others. */
export function messagesOfTurn(promptId: string, messages: readonly unknown[]): Set<string> {
  const list = messages as readonly Listed[]
  const truth = new Truth(list)
  const prompt = list.findIndex(({ info }) => info.id === promptId)
  const own = list.filter(
    ({ info }, index) => info.role === 'assistant' && truth.isFor(index, prompt),
  )
  return new Set(own.map(({ info }) => info.id))
}

/** Asks of each answer whether it is for a prompt, instead of going through the list once. */
class Truth {
  readonly #list: readonly Listed[]
  readonly #known = new Map<string, boolean>()

  constructor(list: readonly Listed[]) {
    this.#list = list
  }

  isFor(answer: number, prompt: number): boolean {
    const key = `${answer} ${prompt}`
    const known = this.#known.get(key) ?? this.#judge(answer, prompt)
    this.#known.set(key, known)
    return known
  }

  #judge(answer: number, prompt: number): boolean {
    const { parentID } = this.#at(answer).info
    const parent = this.#list.findIndex(({ info }) => info.id === parentID)
    // Sent again after a crash, a prompt is listed after its first answers.
    if (parent === prompt && prompt >= 0) return true
    if (parent < 0 || parent > answer) return false
    if (!this.#isByServer(parent)) {
      if (prompt > parent || this.#isShell(parent)) return false
      const before = this.#answerBefore(answer)
      if (this.#isWaiting(prompt, answer)) return true
      if (before === null || !this.isFor(before, prompt)) return false
      return this.isFor(before, parent) || this.#goesOn(before)
    }
    const before = this.#answerBefore(parent)
    if (prompt < parent && this.#isWaiting(prompt, parent)) return true
    if (before === null || !this.isFor(before, prompt)) return false
    const { info } = this.#at(before)
    const isReasonless =
      info.time.completed !== undefined && info.error === undefined && info.finish === undefined
    if (this.#goesOn(before) || isReasonless) return true
    return !this.#list.some((_, index) => index < parent && this.#isWaiting(index, parent))
  }

  /** A prompt that no answer before this place is for. */
  #isWaiting(prompt: number, place: number): boolean {
    if (prompt < 0 || prompt >= place || this.#at(prompt).info.role !== 'user') return false
    if (this.#isByServer(prompt) || this.#isShell(prompt)) return false
    return !this.#list.some(
      ({ info }, index) => index < place && info.role === 'assistant' && this.isFor(index, prompt),
    )
  }

  #answerBefore(place: number): number | null {
    const index = this.#list.findLastIndex(
      ({ info }, each) => each < place && info.role === 'assistant',
    )
    return index < 0 ? null : index
  }

  #goesOn(answer: number): boolean {
    const { info, parts } = this.#at(answer)
    if (info.time.completed === undefined || info.error !== undefined) return false
    if (info.summary === true || info.finish === 'unknown') return true
    const isRejected = parts.some(({ state }) =>
      String(state?.['error']).startsWith('The user rejected permission to use this specific'),
    )
    return info.finish === 'tool-calls' && info.structured === undefined && !isRejected
  }

  #isByServer(index: number): boolean {
    const { parts } = this.#at(index)
    const isOne = (part: Listed['parts'][number]): boolean =>
      part['type'] === 'compaction'
        ? part['auto'] === true
        : part['synthetic'] === true && part.metadata?.['compaction_continue'] === true
    return parts.length > 0 && parts.every(isOne)
  }

  #isShell(index: number): boolean {
    return this.#at(index).parts.some(
      ({ type, auto, text }) =>
        (type === 'compaction' && auto === false) ||
        text === 'The following tool was executed by the user',
    )
  }

  #at(index: number): Listed {
    const found = this.#list[index]
    if (found === undefined) throw new RangeError(`no message ${index}`)
    return found
  }
}
