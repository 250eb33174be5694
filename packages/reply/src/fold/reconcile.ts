import { recordAnomaly } from '../state/anomaly.js'
import { reconcileAsks } from '../tracking/ask-store.js'
import { adoptSession } from '../tracking/children.js'
import { derive } from '../tracking/derive.js'
import { list, nested, number, objectOf } from '../records/fields.js'
import type { Fields } from '../records/fields.js'
import { hasMovedOn } from '../tracking/membership.js'
import type { Origin } from './origin.js'
import { dropMessage, dropPart } from './remove.js'
import { readStatus, setStatus, takeStatus } from './session-status.js'
import { hasUnstoredText } from '../state/state.js'
import type { MessageState, ReplyState, SessionState } from '../state/state.js'
import { readTodos } from '../records/todo.js'
import { upsertMessage } from './upsert-message.js'
import { upsertPart } from './upsert-part.js'

/** What was polled beside the messages, and when. All of it is optional. */
export interface Poll {
  /** The session whose messages these are; default: the reply's own. */
  readonly sessionId?: string
  /**
   * True for some of the messages, such as single ones: what is not among them is not denied. Default `false`: all of
   * them, or a page with the newest.
   */
  readonly partial?: boolean
  /** The reply's revision when the polls were sent. What the stream reported later is not denied by them. Default: now. */
  readonly revision?: number
  /** Whether the session was idle, by `GET /session/status`. Idle with an open message means that text was lost. */
  readonly sessionIdle?: boolean
  /**
   * What `GET /session/status` holds for the session, `null` when it holds nothing, which means idle. Says more than
   * `sessionIdle`, in whose place it is taken: a session that is not idle may work, or wait before a retry.
   */
  readonly sessionStatus?: unknown
  /** The answer of `GET /session/{id}/children`: sub-agents to take up. */
  readonly sessions?: unknown
  /** The answer of `GET /permission`. An ask of this reply that is not in it has expired. */
  readonly permissions?: unknown
  /** The answer of `GET /question`. */
  readonly questions?: unknown
  /** The answer of `GET /session/{id}/todo`. */
  readonly todos?: unknown
}

/** Folds polled messages and lists, which the server states completely. */
export function reconcile(state: ReplyState, messages: unknown, poll: Poll): void {
  const revision = poll.revision ?? state.feed.revision
  const id = poll.sessionId ?? state.sessionId
  // When the turn began decides which sub-agents are of it, and the reply's own messages tell that.
  if (id !== state.sessionId) adoptAll(state, poll.sessions)
  const session = state.sessions.get(id)
  if (session !== undefined && messages !== undefined) {
    const origin: Origin = { polled: true, eventId: null, revision }
    reconcileMessages(state, session, messages, poll.partial === true, origin)
  }
  if (id === state.sessionId) adoptAll(state, poll.sessions)
  if (session !== undefined) notePolledStatus(state, session, poll, revision)
  if (poll.permissions !== undefined) reconcileAsks(state, 'permission', poll.permissions, revision)
  if (poll.questions !== undefined) reconcileAsks(state, 'question', poll.questions, revision)
  const todos = readTodos(poll.todos)
  if (todos !== null && state.todosTouched <= revision && !hasMovedOn(state)) {
    state.todos = todos
    state.stale.add('todos')
  }
  derive(state)
}

function adoptAll(state: ReplyState, sessions: unknown): void {
  if (sessions === undefined) return
  if (!Array.isArray(sessions)) {
    recordAnomaly(state, 'malformed_poll', 'sessions')
    return
  }
  for (const info of sessions) adoptSession(state, objectOf(info))
}

interface Polled {
  readonly info: Fields
  readonly parts: readonly Fields[]
}

function reconcileMessages(
  state: ReplyState,
  session: SessionState,
  messages: unknown,
  isPartial: boolean,
  origin: Origin,
): void {
  if (!Array.isArray(messages)) {
    recordAnomaly(state, 'malformed_poll', 'messages')
    return
  }
  const all = messages.map(readPolled)
  const polled = sinceThePrompt(state, session, all)
  const listed = new Set(polled.map(({ info }) => info['id']))
  // A list may be a page: it says nothing about what is older than its first message, and without one nothing at all.
  const oldest = number(nested(objectOf(all[0]?.info), 'time'), 'created')
  if (!isPartial && oldest !== null) {
    const since = listed.has(state.promptId) ? 0 : oldest
    // Before the rest, because which run an answer is of depends on the answers before it.
    removeUnlisted(state, session, listed, since, origin)
  }
  for (const { info, parts } of polled) {
    // A user message is known for what it is by its parts, and the answers that follow it depend on that.
    const message = upsertMessage(state, session, info, origin)
    if (message !== null) reconcileParts(state, session, message, parts, origin)
  }
}

function readPolled(item: unknown): Polled {
  const fields = objectOf(item)
  return { info: nested(fields, 'info'), parts: list(fields, 'parts').map(objectOf) }
}

/** What was said before the prompt is of no interest, and may be long. */
function sinceThePrompt(
  state: ReplyState,
  session: SessionState,
  polled: readonly Polled[],
): readonly Polled[] {
  if (session !== state.root) return polled
  const prompt = polled.findIndex(
    ({ info }) => info['id'] === state.promptId || info['parentID'] === state.promptId,
  )
  if (prompt >= 0) return polled.slice(prompt)
  // A page may begin in the middle of the turn.
  const { promptedAt } = state
  if (promptedAt === null) return []
  const began = polled.findIndex(
    ({ info }) => (number(nested(info, 'time'), 'created') ?? -1) >= promptedAt,
  )
  return began < 0 ? [] : polled.slice(began)
}

function reconcileParts(
  state: ReplyState,
  session: SessionState,
  message: MessageState,
  parts: readonly Fields[],
  origin: Origin,
): void {
  for (const raw of parts) upsertPart(state, session, raw, origin)
  const listed = new Set(parts.map(({ id }) => id))
  for (const part of [...message.parts]) {
    if (listed.has(part.id) || part.touched > origin.revision) continue
    // What only the stream reported is kept: a poll can neither confirm nor deny it.
    if (part.provenance === 'server' && !hasUnstoredText(part)) dropPart(state, part)
  }
}

function removeUnlisted(
  state: ReplyState,
  session: SessionState,
  listed: ReadonlySet<unknown>,
  since: number,
  origin: Origin,
): void {
  for (const message of [...session.order]) {
    if (listed.has(message.id) || message === state.prompt) continue
    if (message.touched > origin.revision) continue
    if ((message.createdAt ?? 0) < since) continue
    dropMessage(state, message)
  }
}

/** As `GET /session/status` means it: a session that is not in its map is idle, any status but `idle` is work. */
function readPolledStatus(status: unknown): 'busy' | 'idle' | 'retry' {
  return status === null ? 'idle' : (readStatus(objectOf(status)) ?? 'busy')
}

function notePolledStatus(
  state: ReplyState,
  session: SessionState,
  { sessionIdle, sessionStatus }: Poll,
  revision: number,
): void {
  const told = sessionStatus === undefined ? null : readPolledStatus(sessionStatus)
  const idle = told === null ? sessionIdle : told === 'idle'
  if (idle === undefined) return
  if ([session, ...session.open].some(({ touched }) => touched > revision)) return
  if (told !== null) takeStatus(state, session, told, objectOf(sessionStatus))
  // That it is not idle does not say that it has left its retry.
  else if (idle || session.status !== 'retry') setStatus(state, session, idle ? 'idle' : 'busy')
  for (const part of session.open) {
    if (part.message.abandoned === idle) continue
    part.message.abandoned = idle
    state.stale.add('losses')
  }
}
