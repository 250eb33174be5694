import { recordAnomaly } from './anomaly.js'
import { applyDelta } from './apply-delta.js'
import { closeAsk, openAsk } from './ask-store.js'
import { adoptSession } from './children.js'
import { derive } from './derive.js'
import { fieldsOf, nested, string } from './fields.js'
import type { Fields } from './fields.js'
import { noteGap } from './gap.js'
import { sameJson } from './json-value.js'
import type { Origin } from './origin.js'
import { removeMessage, removePart } from './remove.js'
import { readReplyError } from './reply-error.js'
import { applyStatus } from './session-status.js'
import type { ReplyState } from './state.js'
import { readTodos } from './todo.js'
import { upsertMessage } from './upsert-message.js'
import { upsertPart } from './upsert-part.js'

type Handler = (state: ReplyState, properties: Fields, eventId: string | null) => void

const handlers: Readonly<Record<string, Handler>> = {
  'message.updated': applyMessage,
  'message.removed': removeMessage,
  'message.part.updated': applyPart,
  'message.part.removed': removePart,
  'session.created': applySession,
  'session.updated': applySession,
  'session.deleted': applyDeletion,
  'session.status': (state, properties, eventId) =>
    applyStatus(state, properties, nested(properties, 'status'), eventId),
  'session.idle': (state, properties, eventId) =>
    applyStatus(state, properties, { type: 'idle' }, eventId),
  'session.error': applySessionError,
  'todo.updated': applyTodos,
  'permission.asked': (state, properties) => openAsk(state, 'permission', properties, false),
  'permission.replied': (state, properties) =>
    closeAsk(
      state,
      'permission',
      properties,
      properties['reply'] === 'reject' ? 'rejected' : 'answered',
    ),
  'question.asked': (state, properties) => openAsk(state, 'question', properties, false),
  'question.replied': (state, properties) => closeAsk(state, 'question', properties, 'answered'),
  'question.rejected': (state, properties) => closeAsk(state, 'question', properties, 'rejected'),
}

/** Folds one event. What is of another session or of no known type changes nothing. */
export function applyEvent(state: ReplyState, event: unknown): void {
  const fields = fieldsOf(event)
  const type = fields === null ? null : fields['type']
  if (fields === null || typeof type !== 'string') {
    recordAnomaly(state, 'malformed_event', null)
    return
  }
  if (type === 'gap') {
    noteGap(state)
    return
  }
  const eventId = string(fields, 'id')
  const properties = nested(fields, 'properties')
  if (type === 'message.part.delta') {
    applyDelta(state, properties, eventId)
    return
  }
  if (!Object.hasOwn(handlers, type)) return
  handlers[type]?.(state, properties, eventId)
  derive(state)
}

function originOf(eventId: string | null): Origin {
  return { polled: false, eventId, revision: 0 }
}

function applyMessage(state: ReplyState, properties: Fields, eventId: string | null): void {
  const info = fieldsOf(properties['info'])
  if (info === null) {
    recordAnomaly(state, 'malformed_event', 'message.updated')
    return
  }
  const sessionId = string(info, 'sessionID') ?? string(properties, 'sessionID')
  const session = state.sessions.get(sessionId ?? '')
  if (session !== undefined) upsertMessage(state, session, info, originOf(eventId))
}

function applyPart(state: ReplyState, properties: Fields, eventId: string | null): void {
  const raw = fieldsOf(properties['part'])
  if (raw === null) {
    recordAnomaly(state, 'malformed_event', 'message.part.updated')
    return
  }
  const sessionId = string(raw, 'sessionID') ?? string(properties, 'sessionID')
  const session = state.sessions.get(sessionId ?? '')
  if (session !== undefined) upsertPart(state, session, raw, originOf(eventId))
}

function applySession(state: ReplyState, properties: Fields): void {
  const info = fieldsOf(properties['info'])
  if (info !== null) adoptSession(state, info, false)
}

function applyDeletion(state: ReplyState, properties: Fields): void {
  if (string(properties, 'sessionID') === state.sessionId) state.deleted = true
}

function applySessionError(state: ReplyState, properties: Fields, eventId: string | null): void {
  const sessionId = string(properties, 'sessionID')
  const error = readReplyError(properties['error'])
  if (sessionId === null || error === null || !state.sessions.has(sessionId)) return
  if (sessionId !== state.sessionId) return
  if (!state.errorEvents.accept(eventId)) return
  if (sameJson(error, state.sessionError)) return
  state.sessionError = error
  state.outbox.announce(() => ({ type: 'errored', sessionId, error }))
}

function applyTodos(state: ReplyState, properties: Fields, eventId: string | null): void {
  if (string(properties, 'sessionID') !== state.sessionId) return
  const todos = readTodos(properties['todos'])
  if (todos === null) {
    recordAnomaly(state, 'malformed_event', 'todo.updated')
    return
  }
  if (!state.todoEvents.accept(eventId)) return
  state.todos = todos
  state.stale.todos = true
}
