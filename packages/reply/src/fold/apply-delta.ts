import { recordAnomaly } from '../state/anomaly.js'
import { string } from '../records/fields.js'
import type { Fields } from '../records/fields.js'
import { ensureMessage, keepsParts } from '../tracking/message-store.js'
import { announceChange, insertPart } from '../state/part-store.js'
import { isVisible, sessionOf } from '../state/state.js'
import type { PartState, ReplyState } from '../state/state.js'
import { TextBuffer } from '../state/text-buffer.js'

/**
 * Adds a piece of text to the part that it names.
 *
 * The part's id decides what the piece is, never the `field`: reasoning also comes with `field: "text"`. Pieces for a
 * part that was not announced are kept back until its kind is known.
 */
export function applyDelta(state: ReplyState, properties: Fields, eventId: string | null): void {
  const partId = properties['partID']
  const delta = properties['delta']
  if (typeof partId !== 'string' || typeof delta !== 'string') {
    recordAnomaly(state, 'malformed_event', 'message.part.delta')
    return
  }
  if (delta === '') return
  const { writing } = state
  const part =
    writing?.id === partId
      ? writing
      : (state.parts.get(partId) ?? awaitPart(state, properties, partId))
  state.writing = part
  if (part === null || part.final) return
  const { buffer } = part
  if (buffer === null) {
    recordAnomaly(state, 'unexpected_delta', partId)
    return
  }
  if (!part.events.accept(eventId)) return
  buffer.append(delta)
  part.view = null
  state.grown?.add(part)
  if (part.startSeen || part.gapped) announceDelta(state, part, delta, buffer.length)
  else {
    part.gapped = true
    announceChange(state, part)
  }
  part.touched = state.feed.revision
}

function announceDelta(state: ReplyState, part: PartState, delta: string, length: number): void {
  if (!isVisible(part)) return
  const { id: partId, message, body } = part
  state.feed.announce(() => ({
    type: 'text-delta',
    partId,
    messageId: message.id,
    sessionId: message.session.id,
    kind: body?.kind === 'reasoning' ? 'reasoning' : 'text',
    delta,
    length,
  }))
}

function awaitPart(state: ReplyState, properties: Fields, partId: string): PartState | null {
  const session = sessionOf(state, properties)
  const messageId = string(properties, 'messageID')
  if (session === undefined || messageId === null) return null
  if (state.removed.has(partId) || state.removed.has(messageId)) return null
  state.grown = null
  const message = ensureMessage(state, session, messageId)
  if (message === state.prompt || message.role === 'user' || !keepsParts(message)) return null
  const part = insertPart(state, message, partId, partId)
  part.buffer = new TextBuffer()
  session.open.add(part)
  return part
}
