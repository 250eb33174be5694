import type { SessionStatus } from '../records/reply-view.js'
import { number, string } from '../records/fields.js'
import type { Fields } from '../records/fields.js'
import { hasMovedOn } from '../tracking/membership.js'
import { sessionOf } from '../state/state.js'
import type { ReplyState, SessionState } from '../state/state.js'
import { showStreamPart } from '../state/stream-part.js'

/** Takes up what the server says a session does. */
export function applyStatus(
  state: ReplyState,
  properties: Fields,
  stated: Fields,
  eventId: string | null,
): void {
  const session = sessionOf(state, properties)
  const status = readStatus(stated)
  if (session === undefined || status === null) return
  if (!session.statusEvents.accept(eventId)) return
  takeStatus(state, session, status, stated)
  session.touched = state.feed.revision
}

/** Takes up a status with all that it says, told by an event or found out by a poll. */
export function takeStatus(
  state: ReplyState,
  session: SessionState,
  status: 'busy' | 'idle' | 'retry',
  stated: Fields,
): void {
  if (status === 'retry' && (session !== state.root || !hasMovedOn(state)))
    showRetry(state, session, stated)
  setStatus(state, session, status)
}

/** Notes what a session does, from an event or from a poll. */
export function setStatus(
  state: ReplyState,
  session: SessionState,
  status: Exclude<SessionStatus, null>,
): void {
  // A deleted session still says that it is busy and idle while its last run ends.
  if (session.status === status || session.status === 'deleted') return
  session.status = status
  state.feed.announce(() => ({ type: 'status-changed', sessionId: session.id, status }))
}

/** What a `status` object says; `null` when it says nothing that is known. */
export function readStatus(stated: Fields): 'busy' | 'idle' | 'retry' | null {
  const type = stated['type']
  return type === 'busy' || type === 'idle' || type === 'retry' ? type : null
}

/** Retries are reported only once, by the status: nothing on the message shows them later. */
function showRetry(state: ReplyState, session: SessionState, stated: Fields): void {
  const attempt = number(stated, 'attempt') ?? 0
  const nextAt = number(stated, 'next')
  const id = `retry:${session.id}:${attempt}:${nextAt ?? ''}`
  if (state.parts.has(id)) return
  const message = string(stated, 'message') ?? ''
  showStreamPart(state, session, id, { kind: 'retry', attempt, message, nextAt })
}
