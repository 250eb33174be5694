import type { Ask, Reply, ReplyPart } from '@turnstead/reply'

type ToolPart = Extract<ReplyPart, { kind: 'tool' }>

/** The call of a tool, of the agent or of a sub-agent; null when the reply does not have it. */
export function findCall(reply: Reply, callId: string): ToolPart | null {
  const isCall = (part: ReplyPart): part is ToolPart =>
    part.kind === 'tool' && part.callId === callId
  const own = reply.parts.find(isCall)
  if (own !== undefined) return own
  for (const child of reply.view().children) {
    const theirs = child.parts.find(isCall)
    if (theirs !== undefined) return theirs
  }
  return null
}

/**
 * What an ask is about, as one text: what was asked, and for a tool what it was called with, since a permission may not say that. Null
 * while the call is not known. Two asks with the same text are the same question.
 */
function wordsOf(reply: Reply, ask: Ask): string | null {
  const call = ask.callId === null ? null : findCall(reply, ask.callId)
  // What it is called with comes with its start.
  if (ask.callId !== null && (call === null || call.status === 'pending')) return null
  const { kind } = ask
  const about =
    kind === 'permission'
      ? { permission: ask.permission, patterns: ask.patterns, metadata: ask.metadata }
      : { questions: ask.questions }
  return toText({ kind, ...about, tool: call?.tool ?? null, input: call?.input ?? null })
}

/** What was called in the same message, and is neither about to begin nor waits for a person. */
function hasRunBeside(reply: Reply, { messageId }: ToolPart): boolean {
  const asking = new Set(
    reply.asks.flatMap(({ state, callId }) =>
      state === 'open' || state === 'expired' ? [callId] : [],
    ),
  )
  return reply.parts.some(
    (part) =>
      part.kind === 'tool' &&
      part.messageId === messageId &&
      part.status !== 'pending' &&
      !asking.has(part.callId),
  )
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
  /** Another ask of the same words that is not open any more; undefined when there is none. */
  sameAs(ask: Ask): Ask | undefined
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
  let reply: Reply | null = null

  const note = (ask: Ask): void => {
    asks.set(ask.id, ask)
    if (reply === null) return
    const call = ask.callId === null ? null : findCall(reply, ask.callId)
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
      const text = words.get(ask.id)
      if (text === undefined) return undefined
      const isOpen = new Set(reply?.asks.flatMap(({ id, state }) => (state === 'open' ? [id] : [])))
      return [...asks.values()].findLast(
        ({ id }) => id !== ask.id && !isOpen.has(id) && words.get(id) === text,
      )
    },
    isKnown(ask) {
      if (![...asks.values()].some(({ state }) => state !== 'open')) return true
      const since = firstSeen.get(ask.id) ?? now()
      firstSeen.set(ask.id, since)
      return words.has(ask.id) || now() - since >= callLateMs
    },
  }
}
