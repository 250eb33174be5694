import { isNewer } from '../state/event-order.js'
import { string } from '../records/fields.js'
import type { Fields } from '../records/fields.js'
import { refreshMembership } from '../tracking/membership.js'
import { forgetMessage } from '../tracking/message-store.js'
import { deletePart } from '../state/part-store.js'
import { sessionOf } from '../state/state.js'
import type { MessageState, PartState, ReplyState } from '../state/state.js'

/** How many removed ids are remembered, so that a repeated event does not bring them back. */
const removedLimit = 256

/** Removes a part. The server also reports parts that never were. */
export function removePart(state: ReplyState, properties: Fields, eventId: string | null): void {
  const id = string(properties, 'partID')
  if (id === null || sessionOf(state, properties) === undefined) return
  if (state.removed.has(string(properties, 'messageID') ?? '')) return
  const part = state.parts.get(id)
  if (part !== undefined && !isNewer(eventId, part.events.newest)) return
  if (part !== undefined) deletePart(state, part)
  noteRemoval(state, id, eventId)
}

/** Removes a message with its parts. */
export function removeMessage(state: ReplyState, properties: Fields, eventId: string | null): void {
  const id = string(properties, 'messageID')
  const session = sessionOf(state, properties)
  if (id === null || session === undefined || id === state.promptId) return
  const message = session.messages.get(id)
  if (message !== undefined && !isNewer(eventId, message.events.newest)) return
  if (message !== undefined) forget(state, message)
  noteRemoval(state, id, eventId)
}

/** Removes what a poll no longer lists, so that an older event cannot bring it back. */
export function dropMessage(state: ReplyState, message: MessageState): void {
  let { newest } = message.events
  for (const { events } of message.parts) {
    if (events.newest !== null && isNewer(events.newest, newest)) newest = events.newest
  }
  forget(state, message)
  noteRemoval(state, message.id, newest)
}

/** Which run an answer is of depends on the one before it. */
function forget(state: ReplyState, message: MessageState): void {
  forgetMessage(state, message)
  refreshMembership(state, message.session)
}

/** Like {@link dropMessage} for a part. */
export function dropPart(state: ReplyState, part: PartState): void {
  deletePart(state, part)
  noteRemoval(state, part.id, part.events.newest)
}

/** Called after the removal: one that changed nothing to see has no revision of its own, and a poll sent now is newer. */
function noteRemoval(state: ReplyState, id: string, eventId: string | null): void {
  const known = state.removed.get(id)
  if (known !== undefined && !isNewer(eventId, known.eventId)) return
  state.removed.set(id, { eventId, revision: state.feed.revision })
  const [oldest = ''] = state.removed.keys()
  if (state.removed.size > removedLimit) state.removed.delete(oldest)
}
