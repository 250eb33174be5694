import { recordOf } from '../state/message-record.js'
import { announceAdded } from '../state/part-store.js'
import { isVisible } from '../state/state.js'
import type { MessageState, ReplyState } from '../state/state.js'

/** Takes a message into the reply, or out of it, and reports what that shows or hides. */
export function setMember(state: ReplyState, message: MessageState, member: boolean): void {
  if (message.member === member) return
  if (!member) announceLeaving(state, message)
  message.member = member
  state.stale.add('children')
  state.stale.add('losses')
  state.stale.add('todos')
  state.stale.add('totals')
  if (!member) return
  state.unattributed.delete(message)
  state.foreign.delete(message)
  if (message.role === 'assistant') {
    state.feed.announce(() => ({ type: 'message-changed', message: recordOf(message) }))
  }
  for (const part of message.parts) if (isVisible(part)) announceAdded(state, part)
}

function announceLeaving(state: ReplyState, message: MessageState): void {
  const sessionId = message.session.id
  for (const part of message.parts) {
    if (!isVisible(part)) continue
    state.feed.announce(() => ({ type: 'part-removed', partId: part.id, sessionId }))
  }
  if (message.role === 'assistant') {
    state.feed.announce(() => ({ type: 'message-removed', messageId: message.id }))
  }
}
