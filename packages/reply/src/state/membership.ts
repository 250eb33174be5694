import { recordOf } from './message-record.js'
import { announceAdded } from './part-store.js'
import { isVisible } from './state.js'
import type { MessageState, ReplyState, SessionState } from './state.js'

/**
 * Works out which messages of a session belong to the reply.
 *
 * An assistant message belongs when it answers the prompt. It also belongs when it answers a user message that the
 * server wrote itself in the middle of this turn, as compaction does: such a message continues the turn of the
 * assistant message before it. In a sub-agent's session everything since the turn began belongs.
 */
export function refreshMembership(state: ReplyState, session: SessionState): void {
  if (session === state.root) refreshRoot(state)
  else
    for (const message of session.order) setMember(state, message, belongsToChild(state, message))
}

function refreshRoot(state: ReplyState): void {
  const since = turnBegan(state)
  const continued = new Map<string, string | null>()
  let person: string | null = null
  let answered: string | null = null
  for (const message of state.root.order) {
    if ((message.createdAt ?? since) < since) {
      setMember(state, message, false)
    } else if (message.role === 'assistant') {
      answered = ownerOf(message, continued)
      setMember(state, message, answered === state.promptId)
    } else if (message.author === 'server' && message !== state.prompt) {
      const owner: string | null = answered ?? person
      continued.set(message.id, owner)
      setMember(state, message, owner === state.promptId)
    } else {
      person = message.id
      setMember(state, message, message === state.prompt)
    }
  }
}

function ownerOf(
  message: MessageState,
  continued: ReadonlyMap<string, string | null>,
): string | null {
  if (message.parentId === null) return null
  return continued.get(message.parentId) ?? message.parentId
}

function belongsToChild(state: ReplyState, message: MessageState): boolean {
  if (message.role === 'user' && message.author !== 'server') return false
  return isOfThisTurn(state, message.createdAt)
}

/** Whether what names no message of this turn can be of it, by its time: a session runs one turn at a time. */
export function isOfThisTurn(state: ReplyState, time: number | null): boolean {
  if (time === null) return true
  const run = newestRun(state, time)
  return time >= turnBegan(state) && (run === undefined || !state.foreign.has(run))
}

/** True once the session went on to another prompt. What names no message is then not of this turn. */
export function hasMovedOn(state: ReplyState): boolean {
  const run = newestRun(state, Infinity)
  return run !== undefined && state.foreign.has(run) && (run.createdAt ?? 0) >= turnBegan(state)
}

/** The assistant message that the session was at. */
function newestRun(state: ReplyState, time: number): MessageState | undefined {
  return state.root.order.findLast(
    ({ role, createdAt }) => role === 'assistant' && (createdAt ?? 0) <= time,
  )
}

/** When the turn began: with the prompt, or with its first answer, when the prompt was sent again after a crash. */
function turnBegan(state: ReplyState): number {
  const first = state.root.order.find(({ parentId }) => parentId === state.promptId)
  const began = Math.min(state.promptedAt ?? Infinity, first?.createdAt ?? Infinity)
  return began === Infinity ? 0 : began
}

/** Takes a message into the reply, or out of it, and tells what that shows or hides. */
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
