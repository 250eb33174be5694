import type { Ask } from './ask.js'
import type { PartIdentity, ReplyPart, ToolPart, WrittenPart } from './part.js'
import type { PartState, ReplyState, ToolBody, WrittenBody } from './state.js'

/** The public record of a part, built when somebody asks for it and kept until the part changes. */
export function viewOf(state: ReplyState, part: PartState): ReplyPart {
  part.view ??= Object.freeze(build(state, part))
  return part.view
}

function build(state: ReplyState, part: PartState): ReplyPart {
  const { body } = part
  const identity = {
    id: part.id,
    messageId: part.message.id,
    sessionId: part.message.session.id,
    provenance: part.provenance,
  } as const
  if (body === null) return { ...identity, kind: 'unknown', type: '', data: null }
  switch (body.kind) {
    case 'text':
      return { ...identity, kind: 'text', synthetic: body.synthetic, ...written(part, body) }
    case 'reasoning':
      return { ...identity, kind: 'reasoning', ...written(part, body) }
    case 'tool':
      return { ...identity, ...body, ...attached(state, part, body) }
    default:
      return { ...identity, ...body }
  }
}

function written(part: PartState, body: WrittenBody): Omit<WrittenPart, keyof PartIdentity> {
  return {
    text: part.buffer?.toString() ?? '',
    final: part.final,
    lost: part.lost,
    gapped: part.gapped,
    summary: part.message.summary,
    startedAt: body.startedAt,
    endedAt: body.endedAt,
    metadata: body.metadata,
  }
}

function attached(
  state: ReplyState,
  part: PartState,
  body: ToolBody,
): Pick<ToolPart, 'asks' | 'childSessionId'> {
  return {
    asks: asksOf(state, part.message.id, body.callId),
    childSessionId: childOf(state, part.id),
  }
}

function asksOf(state: ReplyState, messageId: string, callId: string): readonly Ask[] {
  const asks: Ask[] = []
  for (const ask of state.asks.values()) {
    if (ask.messageId === messageId && ask.callId === callId) asks.push(ask)
  }
  return Object.freeze(asks)
}

function childOf(state: ReplyState, partId: string): string | null {
  for (const session of state.sessions.values())
    if (session.toolPartId === partId) return session.id
  return null
}
