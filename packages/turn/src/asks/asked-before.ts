import type { Ask, Reply } from '@turnstead/reply'
import { callOf, type ToolPart } from '../poll/call-of.js'

/**
 * What an ask is about, as one text: what was asked, for a tool what it was called with, since a permission may not say that, and which
 * of several such calls of its message it is. Null while that is not known. Two asks with the same text are the same question.
 */
function wordsOf(reply: Reply, ask: Ask): string | null {
  const call = callOf(reply, ask)
  // What it is called with comes with its start.
  if (ask.callId !== null && (call === null || call.status === 'pending')) return null
  const place = call === null ? 0 : placeOf(reply, call)
  if (place === null) return null
  const { kind } = ask
  const about =
    kind === 'permission'
      ? { permission: ask.permission, patterns: ask.patterns, metadata: ask.metadata }
      : { questions: ask.questions }
  return toText({ kind, ...about, tool: call?.tool ?? null, input: call?.input ?? null, place })
}

/** How many calls of the same are before one in its message; null while that cannot be said. */
function placeOf(reply: Reply, call: ToolPart): number | null {
  const calls = messageOf(reply, call)
  const before = calls.slice(0, calls.indexOf(call)).filter(({ tool }) => tool === call.tool)
  if (before.some(({ status }) => status === 'pending')) return null
  const input = toText(call.input)
  return before.filter((each) => toText(each.input) === input).length
}

/** The calls of the message in which one was made. */
function messageOf(reply: Reply, { messageId, sessionId }: ToolPart): readonly ToolPart[] {
  const child = reply.view().children.find((each) => each.sessionId === sessionId)
  return (child?.parts ?? reply.parts).filter(
    (part): part is ToolPart => part.kind === 'tool' && part.messageId === messageId,
  )
}

/** What was called in the same message, and is neither about to begin nor waits for a person. */
function hasRunBeside(reply: Reply, call: ToolPart): boolean {
  const asking = new Set(
    reply.asks.flatMap((ask) =>
      ask.state === 'open' || ask.state === 'expired' ? [callOf(reply, ask)?.id] : [],
    ),
  )
  return messageOf(reply, call).some(({ id, status }) => status !== 'pending' && !asking.has(id))
}

/**
 * The server has lost the run that asked. Where its message came to an end, somebody else has answered: the next question in these words
 * is another one.
 */
function isLost(reply: Reply | null, { messageId, state }: Ask): boolean {
  if (state !== 'expired') return false
  const message = reply?.view().messages.find(({ id }) => id === messageId)
  return (message?.completedAt ?? null) === null
}

/** JSON in which the order of names says nothing. */
function toText(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) => {
    if (typeof each !== 'object' || each === null || Array.isArray(each)) return each
    return Object.fromEntries(
      Object.entries(each).toSorted(([one], [other]) => (one < other ? -1 : 1)),
    )
  })
}

/** What was asked in a turn, by the ids of the asks. */
export interface AskedBefore {
  /** Notes what the asks of a reply are about, as far as that is known. */
  follow(reply: Reply): void
  /** In the message whose call asked, something else was called that did not wait for a person: it may have run. */
  hasRunBeside(askId: string): boolean
  /** The ask of the same words that was lost with its run, and which no other has come in place of; undefined when there is none. */
  sameAs(ask: Ask): Ask | undefined
  /** Somebody else has answered it. */
  isOver(askId: string): boolean
  /** What the ask is about is known, or will not be, or there is nothing that it could be the same as. */
  isKnown(ask: Ask): boolean
}

/** So long a call may come after its ask. */
const callLateMs = 2_000

export function createAskedBefore(now: () => number): AskedBefore {
  const words = new Map<string, string>()
  const asks = new Map<string, Ask>()
  const firstSeen = new Map<string, number>()
  /** As it was when the call was there last: a server that lost its data does not have it. */
  const ranBeside = new Map<string, boolean>()
  /** By what was asked again, what it came in place of. */
  const places = new Map<string, Ask>()
  let reply: Reply | null = null

  const note = (ask: Ask): void => {
    asks.set(ask.id, ask)
    if (reply === null) return
    const call = callOf(reply, ask)
    if (call !== null) ranBeside.set(ask.id, hasRunBeside(reply, call))
    if (words.has(ask.id)) return
    const text = wordsOf(reply, ask)
    if (text !== null) words.set(ask.id, text)
  }

  return {
    follow(next) {
      reply = next
      for (const ask of next.asks) note(ask)
    },
    hasRunBeside: (askId) => ranBeside.get(askId) ?? false,
    sameAs(ask) {
      const known = places.get(ask.id)
      const text = words.get(ask.id)
      if (known !== undefined || text === undefined) return known
      const taken = new Set([...places.values()].map(({ id }) => id))
      const same = [...asks.values()].filter(
        (each) =>
          each.id !== ask.id &&
          !taken.has(each.id) &&
          words.get(each.id) === text &&
          isLost(reply, each),
      )
      // Without a call nothing tells several of them apart.
      const found = ask.callId === null && same.length > 1 ? undefined : same.at(-1)
      if (found !== undefined) places.set(ask.id, found)
      return found
    },
    isOver(askId) {
      const ask = asks.get(askId)
      return ask?.state === 'expired' && !isLost(reply, ask)
    },
    isKnown(ask) {
      if (![...asks.values()].some((each) => isLost(reply, each))) return true
      const since = firstSeen.get(ask.id) ?? now()
      firstSeen.set(ask.id, since)
      return words.has(ask.id) || now() - since >= callLateMs
    },
  }
}
