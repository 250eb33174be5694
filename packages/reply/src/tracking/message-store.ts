import { recordAnomaly } from '../state/anomaly.js'
import { EventClock } from '../state/event-order.js'
import { showStreamPart } from '../state/stream-part.js'
import { setMember } from './member.js'
import { noTokens } from '../records/tokens.js'
import type { MessageState, ReplyState, SessionState } from '../state/state.js'

/** How many messages of unknown owner may wait for the event that names it. */
const unattributedLimit = 16

/** How many messages of other prompts are remembered, so that their parts are known to be foreign. */
const foreignLimit = 128

/** A message of which nothing but the id is known. */
export function blankMessage(session: SessionState, id: string): MessageState {
  return {
    id,
    session,
    role: null,
    parentId: null,
    createdAt: null,
    completedAt: null,
    finish: null,
    error: null,
    cost: 0,
    tokens: noTokens,
    agent: null,
    mode: null,
    providerId: null,
    modelId: null,
    summary: false,
    structured: null,
    author: null,
    resultOf: null,
    answers: null,
    member: false,
    abandoned: false,
    parts: [],
    events: new EventClock(),
    touched: 0,
  }
}

/** The message with this id; a new one of unknown owner, with events after `after`, when it is not known. */
export function ensureMessage(
  state: ReplyState,
  session: SessionState,
  id: string,
  after: string | null = null,
): MessageState {
  const known = session.messages.get(id)
  if (known !== undefined) return known
  const message = blankMessage(session, id)
  message.events = new EventClock(after)
  session.messages.set(id, message)
  keepWaiting(state, message)
  return message
}

/** Keeps the parts of a message whose owner is not known yet, within a bound. */
function keepWaiting(state: ReplyState, message: MessageState): void {
  state.unattributed.add(message)
  const [oldest] = state.unattributed
  if (oldest === undefined || state.unattributed.size <= unattributedLimit) return
  recordAnomaly(state, 'owner_unknown', oldest.id)
  forgetMessage(state, oldest)
}

/** Remembers that a message belongs to another prompt, within a bound. */
export function rememberForeign(state: ReplyState, message: MessageState): void {
  state.unattributed.delete(message)
  state.foreign.add(message)
  state.stale.add('children')
  const [oldest] = state.foreign
  if (oldest !== undefined && state.foreign.size > foreignLimit) forgetMessage(state, oldest)
}

/** Takes a message and its parts away. */
export function forgetMessage(state: ReplyState, message: MessageState): void {
  setMember(state, message, false)
  dropParts(state, message)
  const { session } = message
  session.messages.delete(message.id)
  const index = session.order.indexOf(message)
  if (index >= 0) session.order.splice(index, 1)
  state.unattributed.delete(message)
  state.foreign.delete(message)
}

/** Forgets the parts of a message that is not shown. */
export function dropParts(state: ReplyState, message: MessageState): void {
  for (const part of message.parts) {
    state.parts.delete(part.id)
    message.session.open.delete(part)
  }
  const notes = message.parts.filter(({ body }) => body?.kind === 'note')
  message.parts.length = 0
  state.writing = null
  // The host's own parts are not the server's to take away.
  for (const { id, body } of notes) {
    if (body !== null) showStreamPart(state, state.root, id, body, 'host')
  }
}

/**
 * Puts a message in its place: by the time it was made, then by id, as the server lists them. The prompt has no time
 * here and comes first: sent again after a crash, it is newer than its first answer.
 */
export function placeMessage(message: MessageState): void {
  const { order } = message.session
  let index = order.length
  while (index > 0 && isBefore(message, order[index - 1])) index -= 1
  order.splice(index, 0, message)
}

function isBefore(message: MessageState, other: MessageState | undefined): boolean {
  if (other === undefined) return false
  const made = message.createdAt ?? -1
  const otherMade = other.createdAt ?? -1
  return made < otherMade || (made === otherMade && message.id < other.id)
}

/** Whether parts of a message are worth keeping: it is shown, or it may turn out to be. */
export function keepsParts(message: MessageState): boolean {
  if (message.member || message.role === null) return true
  const { role, parentId, session } = message
  return role === 'assistant' && parentId !== null && !session.messages.has(parentId)
}
