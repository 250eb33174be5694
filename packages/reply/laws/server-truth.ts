import { isDeepStrictEqual } from 'node:util'
import type { ReplyPart, ReplyView } from '../src/index.js'

/**
 * Where a view says something else than the server's raw messages. Reads those messages in a way of its own, so that
 * it shares no mistake with the reply.
 */
export function contradictions(view: ReplyView, messages: readonly unknown[]): readonly string[] {
  const found: string[] = []
  for (const message of messages) {
    const { info, parts } = Object(message)
    if (info.role !== 'assistant' || info.parentID !== view.promptId) continue
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
