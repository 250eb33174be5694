import { recordAnomaly } from '../state/anomaly.js'
import { noteAuthorship } from '../tracking/authorship.js'
import { nested, number, string } from '../records/fields.js'
import type { Fields } from '../records/fields.js'
import { sameJson } from '../records/json-value.js'
import { refreshMembership } from '../tracking/membership.js'
import { ensureMessage, keepsParts } from '../tracking/message-store.js'
import type { Origin } from './origin.js'
import { insertPart, setBody } from '../state/part-store.js'
import { readBody } from './read-body.js'
import type { MessageState, PartBody, PartState, ReplyState, SessionState } from '../state/state.js'
import { TextBuffer } from '../state/text-buffer.js'
import { reviveAfter } from './upsert-message.js'

/** Folds a whole part: the one builder for events and polls. */
export function upsertPart(
  state: ReplyState,
  session: SessionState,
  raw: Fields,
  origin: Origin,
): PartState | null {
  const id = string(raw, 'id')
  const messageId = string(raw, 'messageID')
  const type = string(raw, 'type')
  if (id === null || messageId === null || type === null) {
    recordAnomaly(state, 'malformed_part', id)
    return null
  }
  const after = state.removed.has(messageId) ? undefined : reviveAfter(state, id, origin)
  if (after === undefined) return null
  const message = ensureMessage(state, session, messageId)
  if (message === state.prompt) return null
  if (message.role === 'user') noteUserPart(state, message, raw)
  if (!keepsParts(message) || (message.role === 'user' && type !== 'compaction')) return null
  const part = state.parts.get(id)
  if (part !== undefined && part.message !== message) {
    recordAnomaly(state, 'malformed_part', id)
    return null
  }
  const target = part ?? insertPart(state, message, id, id, after)
  if (isOutdated(target, origin)) return target
  write(state, target, raw, origin, part === undefined)
  if (!origin.polled) target.touched = state.feed.revision
  return target
}

/** The parts of a user message are not shown, but they tell who wrote it. */
function noteUserPart(state: ReplyState, message: MessageState, raw: Fields): void {
  const { author, resultOf } = message
  noteAuthorship(message, raw)
  if (message.author !== author || message.resultOf !== resultOf)
    refreshMembership(state, message.session)
}

function isOutdated(part: PartState, origin: Origin): boolean {
  if (origin.polled) return part.touched > origin.revision && part.body !== null
  return !part.events.accept(origin.eventId)
}

function write(
  state: ReplyState,
  part: PartState,
  raw: Fields,
  origin: Origin,
  isFirst: boolean,
): void {
  const body = readBody(raw, part.body, origin.polled)
  if (body === null) return
  if (part.body !== null && part.body.kind !== body.kind)
    recordAnomaly(state, 'kind_changed', part.id)
  if (body.kind === 'text' || body.kind === 'reasoning') {
    writeText(state, part, body, raw, isFirst && !origin.polled)
  } else if (!sameJson(part.body, body)) {
    part.final = false
    setBody(state, part, body)
  }
}

/**
 * The server states a text twice: empty when it begins, whole when it ends. The whole text replaces what the deltas
 * gave; an empty text without an end says nothing. An edit of the part may leave its times out.
 */
function writeText(
  state: ReplyState,
  part: PartState,
  body: PartBody,
  raw: Fields,
  isBeginning: boolean,
): void {
  const text = string(raw, 'text') ?? ''
  const isWhole = text !== '' || number(nested(raw, 'time'), 'end') !== null
  if (part.final && !isWhole) return
  part.buffer ??= new TextBuffer()
  if (isBeginning) part.startSeen = true
  const isSame = sameJson(part.body, body)
  if (isWhole) {
    const shown = part.buffer.toString()
    if (isSame && part.final && shown === text) return
    if (!part.final && !part.gapped && shown !== '' && shown !== text) {
      recordAnomaly(state, 'text_corrected', part.id)
    }
    part.buffer = new TextBuffer(text)
    part.final = true
    // What remains are statements of the server, of which order is all there is to know.
    part.events.close()
    part.lost = false
    part.gapped = false
    part.provenance = 'server'
  } else if (isSame) {
    return
  }
  setBody(state, part, body)
}
