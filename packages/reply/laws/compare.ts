import type { Reply, ReplyPart, ReplyView } from '../src/index.js'

/**
 * What a poll can know of a reply.
 *
 * Left out is what only the stream ever reported: parts of the stream alone, text that the server did not store, asks
 * that are settled, and the title of a sub-agent.
 */
export function storedPart(view: ReplyView): unknown {
  return {
    parts: view.parts.flatMap(stored),
    children: view.children
      .map(({ sessionId, toolPartId, parts }) => ({
        sessionId,
        toolPartId,
        parts: parts.flatMap(stored),
      }))
      .filter(({ parts }) => parts.length > 0),
    messages: view.messages,
    cost: view.cost,
    tokens: view.tokens,
    open: view.asks.filter((ask) => ask.state === 'open').map(({ id }) => id),
  }
}

function stored(part: ReplyPart): unknown[] {
  if (part.kind === 'tool') return [{ ...part, asks: null }]
  if (part.kind !== 'text' && part.kind !== 'reasoning')
    return part.provenance === 'server' ? [part] : []
  if (part.final) return [part]
  const unstored = { text: '', lost: false, superseded: false, gapped: false } as const
  return [{ ...part, ...unstored, provenance: 'server' }]
}

/** The verdict about the end of the turn, as far as polls can know it. */
export function verdict(reply: Reply, sessionIdle: boolean): unknown {
  const outcome = reply.outcome({ sessionIdle })
  if (outcome.state === 'unknown') return { state: outcome.state }
  if (outcome.state === 'running') return { state: outcome.state, messageId: outcome.messageId }
  return outcome
}

/** A value as it is after a journey through JSON. */
export function throughJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}
