import type { Ask, MessageRecord, ReplyPart, ReplyView, SubAgent } from '@turnstead/reply'

/**
 * What to show of a reply that began anew from an older copy of what is shown: a worker that took the turn over has the last snapshot,
 * and hears of the rest as its server states it. Until then nothing that was seen goes, and no text is seen with a hole in it.
 *
 * @returns `next` itself as soon as it has all that was shown.
 */
export function keepShown(shown: ReplyView, next: ReplyView): ReplyView {
  const parts = mergeParts(shown.parts, next.parts)
  const children = merge(shown.children, next.children, ({ sessionId }) => sessionId, laterChild)
  const messages = merge(shown.messages, next.messages, ({ id }) => id, laterMessage)
  const asks = merge(shown.asks, next.asks, ({ id }) => id, laterAsk)
  const isWhole =
    parts === next.parts &&
    children === next.children &&
    messages === next.messages &&
    asks === next.asks
  if (isWhole) return next
  const { cost, tokens } = shown.cost > next.cost ? shown : next
  const anomalies =
    shown.anomalies.length > next.anomalies.length ? shown.anomalies : next.anomalies
  return {
    ...next,
    parts,
    children,
    messages,
    asks,
    cost,
    tokens,
    anomalies,
    error: next.error ?? shown.error,
  }
}

function mergeParts(shown: readonly ReplyPart[], next: readonly ReplyPart[]): readonly ReplyPart[] {
  return merge(shown, next, ({ id }) => id, laterPart)
}

/** The items of both, in the order of `next`; `next` itself when it lacks nothing. */
function merge<Item>(
  shown: readonly Item[],
  next: readonly Item[],
  keyOf: (item: Item) => string,
  later: (shown: Item, next: Item) => Item,
): readonly Item[] {
  const known = new Map(next.map((item) => [keyOf(item), item]))
  const before = new Map(shown.map((item) => [keyOf(item), item]))
  const missing = new Map<string | null, Item[]>()
  let place: string | null = null
  for (const item of shown) {
    const key = keyOf(item)
    if (known.has(key)) place = key
    else missing.set(place, [...(missing.get(place) ?? []), item])
  }
  const merged = [...(missing.get(null) ?? [])]
  for (const item of next) {
    const key = keyOf(item)
    const shownOne = before.get(key)
    merged.push(shownOne === undefined ? item : later(shownOne, item))
    merged.push(...(missing.get(key) ?? []))
  }
  const isSame = merged.length === next.length && merged.every((item, at) => item === next[at])
  return isSame ? next : merged
}

function laterPart(shown: ReplyPart, next: ReplyPart): ReplyPart {
  if (next.kind === 'tool' && shown.kind === 'tool') {
    return toolRank(shown) > toolRank(next) ? shown : next
  }
  if (next.kind !== 'text' && next.kind !== 'reasoning') return next
  if (shown.kind !== next.kind || next.final || next.lost || next.superseded) return next
  if (next.gapped) return shown.gapped && next.text.length >= shown.text.length ? next : shown
  const isBehind = next.text.length < shown.text.length && shown.text.startsWith(next.text)
  return isBehind || shown.final ? shown : next
}

function toolRank({ status }: Extract<ReplyPart, { kind: 'tool' }>): number {
  if (status === 'pending') return 0
  return status === 'running' ? 1 : 2
}

function laterChild(shown: SubAgent, next: SubAgent): SubAgent {
  const parts = mergeParts(shown.parts, next.parts)
  return parts === next.parts ? next : { ...next, parts }
}

function laterMessage(shown: MessageRecord, next: MessageRecord): MessageRecord {
  return shown.completedAt !== null && next.completedAt === null ? shown : next
}

function laterAsk(shown: Ask, next: Ask): Ask {
  return shown.state !== 'open' && next.state === 'open' ? shown : next
}
