import { readAsk, resolveAsk } from '../records/ask.js'
import type { Ask, AskState } from '../records/ask.js'
import { recordAnomaly } from '../state/anomaly.js'
import { madeAt } from '../state/event-order.js'
import { objectOf } from '../records/fields.js'
import type { Fields } from '../records/fields.js'
import { isOfThisTurn } from './membership.js'
import { announceChange, deletePart } from '../state/part-store.js'
import type { ReplyState, SessionState } from '../state/state.js'
import { showStreamPart } from '../state/stream-part.js'

/** Takes up an ask from an event, or from a list of the server that was asked for at the revision `listedAt`. */
export function openAsk(
  state: ReplyState,
  kind: Ask['kind'],
  value: unknown,
  listedAt: number | null,
): void {
  // Nothing is asked any more once the turn is settled.
  if (state.closed) return
  const ask = readAsk(kind, value, askedAt(state, value))
  if (ask === null) {
    recordAnomaly(state, 'malformed_event', `${kind}.asked`)
    return
  }
  const known = state.asks.get(ask.id)
  if (known === undefined) {
    if (!isOwn(state, ask)) return
  } else if (known.state !== 'expired' || isToldAfter(state, ask.id, listedAt)) {
    // The server does not ask the same thing twice. Only a newer list can tell that an ask is open after all.
    return
  }
  storeAsk(state, ask, 'ask-opened')
}

/** Takes up an answer. An ask that was never seen is remembered as answered, so that it cannot open later. */
export function closeAsk(
  state: ReplyState,
  kind: Ask['kind'],
  fields: Fields,
  answer: AskState,
  eventId: string | null,
): void {
  const stub = { id: fields['requestID'], sessionID: fields['sessionID'] }
  const asked = readAsk(kind, stub, askedAt(state, stub))
  if (asked === null) {
    recordAnomaly(state, 'malformed_event', `${kind}.replied`)
    return
  }
  const known = state.asks.get(asked.id) ?? asked
  if (!isOwn(state, known)) return
  if (known.state === 'answered' || known.state === 'rejected') return
  storeAsk(state, resolveAsk(known, answer, fields, timeOf(state, eventId)), 'ask-resolved')
}

/**
 * Compares the registry with a list of the server.
 *
 * What is listed is open. What was open and is not listed was answered, or died with the server, while no one looked.
 */
export function reconcileAsks(
  state: ReplyState,
  kind: Ask['kind'],
  list: unknown,
  revision: number,
): void {
  if (!Array.isArray(list)) {
    recordAnomaly(state, 'malformed_poll', kind)
    return
  }
  for (const item of list) openAsk(state, kind, item, revision)
  const listed = new Set(list.map((item) => objectOf(item)['id']))
  for (const ask of state.asks.values()) {
    if (ask.kind !== kind || ask.state !== 'open' || listed.has(ask.id)) continue
    if (isToldAfter(state, ask.id, revision)) continue
    expire(state, ask)
  }
}

/** Ends all asks that are open: no answer is waited for any more. */
export function expireAsks(state: ReplyState): void {
  for (const ask of state.asks.values()) if (ask.state === 'open') expire(state, ask)
}

function expire(state: ReplyState, ask: Ask): void {
  storeAsk(state, Object.freeze({ ...ask, state: 'expired' }), 'ask-expired')
}

/** Neither asks nor answers come with a time, but the ids of asks and events begin with it. */
function timeOf(state: ReplyState, id: unknown): number | null {
  return typeof id === 'string' ? madeAt(id, state.promptedAt) : null
}

function askedAt(state: ReplyState, value: unknown): number | null {
  return timeOf(state, objectOf(value)['id'])
}

/** Whether an ask changed after a list was asked for; an event, which was not asked for, is older than anything. */
function isToldAfter(state: ReplyState, askId: string, listedAt: number | null): boolean {
  return listedAt === null || (state.askTouched.get(askId) ?? 0) > listedAt
}

function storeAsk(
  state: ReplyState,
  ask: Ask,
  type: 'ask-opened' | 'ask-resolved' | 'ask-expired',
): void {
  state.asks.set(ask.id, ask)
  state.askTouched.set(ask.id, state.feed.revision + 1)
  state.feed.announce(() => ({ type, ask }))
  showAsk(state, ask)
}

/** Shows an ask on the tool part that it names, or as a part of its own. */
function showAsk(state: ReplyState, ask: Ask): void {
  const session = state.sessions.get(ask.sessionId)
  if (session === undefined) return
  if (ask.callId !== null) return showOnCall(state, session, ask)
  if (ask.state === 'open' || state.parts.has(ask.id))
    showStreamPart(state, session, ask.id, { kind: 'ask', ask })
}

function showOnCall(state: ReplyState, session: SessionState, ask: Ask): void {
  const message = session.messages.get(ask.messageId ?? '')
  const part = message?.parts.find(
    ({ body }) => body?.kind === 'tool' && body.callId === ask.callId,
  )
  if (part !== undefined) announceChange(state, part)
}

/**
 * Asks of other sessions, and of another turn in the same session, are another's.
 *
 * A list also holds what an aborted turn left open before this one began: answered with yes, its tool would still run.
 */
function isOwn(state: ReplyState, ask: Ask): boolean {
  const session = state.sessions.get(ask.sessionId)
  if (session === undefined) return false
  const message = session.messages.get(ask.messageId ?? '')
  if (message !== undefined && (message.member || state.foreign.has(message))) return message.member
  return isOfThisTurn(state, madeAt(ask.id, state.promptedAt))
}

/** Takes back the asks that turned out to be of another turn. */
export function withdrawAsks(state: ReplyState): void {
  for (const ask of state.asks.values()) {
    if (isOwn(state, ask)) continue
    const { id: askId } = ask
    state.asks.delete(askId)
    state.askTouched.delete(askId)
    state.feed.announce(() => ({ type: 'ask-withdrawn', askId }))
    const part = state.parts.get(askId)
    if (part !== undefined) deletePart(state, part)
    const session = state.sessions.get(ask.sessionId)
    if (session !== undefined) showOnCall(state, session, ask)
  }
}

/** The asks of this reply, oldest first. */
export function ownAsks(state: ReplyState): readonly Ask[] {
  // Ids begin with the time, so that this is the order in which they were made, however they became known.
  return Object.freeze(
    [...state.asks.values()].sort((left, right) => (left.id < right.id ? -1 : 1)),
  )
}
