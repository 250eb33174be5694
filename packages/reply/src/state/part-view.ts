import type { Ask } from '../records/ask.js'
import type { ReplyPart } from '../records/part.js'
import type { PartState, ReplyState, ToolBody } from './state.js'
import { isTerminal } from '../records/tool-status.js'
import { namedSession, taskTool } from './task-call.js'

/** The public record of a part, built when it is asked for and kept until the part changes. */
export function viewOf(state: ReplyState, part: PartState): ReplyPart {
  return (part.view ??= Object.freeze(build(state, part)))
}

function build(state: ReplyState, part: PartState): ReplyPart {
  const { id, body, message, provenance } = part
  const identity = { id, messageId: message.id, sessionId: message.session.id, provenance } as const
  if (body === null) return { ...identity, kind: 'unknown', type: '', data: null }
  switch (body.kind) {
    case 'text':
    case 'reasoning':
      // What is copied comes last: to an object that begins as a copy, V8 adds fields many times slower.
      return {
        id,
        messageId: message.id,
        sessionId: message.session.id,
        provenance,
        text: part.buffer?.toString() ?? '',
        final: part.final,
        lost: part.lost,
        superseded: part.superseded,
        gapped: part.gapped,
        summary: message.summary,
        ...body,
      }
    case 'tool':
      return {
        ...identity,
        ...body,
        status: state.closed && !isTerminal(body.status) ? 'interrupted' : body.status,
        asks: asksOf(state, message.id, body.callId),
        childSessionId: body.tool === taskTool ? childOf(state, id, body) : null,
      }
    default:
      return { ...identity, ...body }
  }
}

function asksOf(state: ReplyState, messageId: string, callId: string): readonly Ask[] {
  const asks = [...state.asks.values()]
  return Object.freeze(asks.filter((ask) => ask.messageId === messageId && ask.callId === callId))
}

function childOf(state: ReplyState, partId: string, body: ToolBody): string | null {
  const sessions = [...state.sessions.values()]
  return namedSession(body) ?? sessions.find(({ toolPartId }) => toolPartId === partId)?.id ?? null
}
