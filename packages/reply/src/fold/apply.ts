import { recordAnomaly } from '../state/anomaly.js'
import { applyDelta } from './apply-delta.js'
import type { Ask, AskState } from '../records/ask.js'
import { closeAsk, openAsk } from '../tracking/ask-store.js'
import { adoptSession } from '../tracking/children.js'
import { derive } from '../tracking/derive.js'
import { nested, objectOf, string } from '../records/fields.js'
import type { Fields } from '../records/fields.js'
import { noteGap } from './gap.js'
import { sameJson } from '../records/json-value.js'
import { hasMovedOn } from '../tracking/membership.js'
import type { Origin } from './origin.js'
import { removeMessage, removePart } from './remove.js'
import { readReplyError } from '../records/reply-error.js'
import { applyStatus, setStatus } from './session-status.js'
import { sessionOf } from '../state/state.js'
import type { ReplyState, SessionState } from '../state/state.js'
import { readTodos } from '../records/todo.js'
import { upsertMessage } from './upsert-message.js'
import { workspaceHandlers } from './workspace.js'
import { upsertPart } from './upsert-part.js'

type Handler = (state: ReplyState, properties: Fields, eventId: string | null) => void

const handlers: Readonly<Record<string, Handler>> = {
  gap: noteGap,
  'message.updated': upsert('info', upsertMessage),
  'message.removed': removeMessage,
  'message.part.updated': upsert('part', upsertPart),
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
  'permission.asked': asked('permission'),
  'permission.replied': answered('permission', 'answered'),
  'question.asked': asked('question'),
  'question.replied': answered('question', 'answered'),
  'question.rejected': answered('question', 'rejected'),
  ...workspaceHandlers,
}

/** Folds one event. What is of another session or of no known type changes nothing. */
export function applyEvent(state: ReplyState, event: unknown): void {
  const fields = objectOf(event)
  const type = string(fields, 'type')
  const eventId = string(fields, 'id')
  const properties = nested(fields, 'properties')
  if (type === null) recordAnomaly(state, 'malformed_event', null)
  // Deltas are many, so they take the short way.
  else if (type === 'message.part.delta') applyDelta(state, properties, eventId)
  else if (Object.hasOwn(handlers, type)) {
    handlers[type]?.(state, properties, eventId)
    derive(state)
  }
}

type Fold = (state: ReplyState, session: SessionState, raw: Fields, origin: Origin) => unknown

function upsert(name: 'info' | 'part', fold: Fold): Handler {
  return (state, properties, eventId) => {
    const raw = nested(properties, name)
    const session = sessionOf(state, 'sessionID' in raw ? raw : properties)
    if (session !== undefined) fold(state, session, raw, { polled: false, eventId, revision: 0 })
  }
}

function asked(kind: Ask['kind']): Handler {
  return (state, properties) => openAsk(state, kind, properties, null)
}

function answered(kind: Ask['kind'], answer: AskState): Handler {
  return (state, properties, eventId) => {
    const outcome = properties['reply'] === 'reject' ? 'rejected' : answer
    closeAsk(state, kind, properties, outcome, eventId)
  }
}

function applySession(state: ReplyState, properties: Fields): void {
  adoptSession(state, nested(properties, 'info'))
}

function applyDeletion(state: ReplyState, properties: Fields): void {
  const session = sessionOf(state, properties)
  if (session !== undefined) setStatus(state, session, 'deleted')
}

function applySessionError(state: ReplyState, properties: Fields, eventId: string | null): void {
  const { sessionId } = state
  const error = readReplyError(properties['error'])
  if (error === null || sessionOf(state, properties) !== state.root || hasMovedOn(state)) return
  if (!state.errorEvents.accept(eventId)) return
  if (sameJson(error, state.sessionError)) return
  state.sessionError = error
  state.feed.announce(() => ({ type: 'errored', sessionId, error }))
}

function applyTodos(state: ReplyState, properties: Fields, eventId: string | null): void {
  if (sessionOf(state, properties) !== state.root || hasMovedOn(state)) return
  const todos = readTodos(properties['todos'])
  if (todos === null) {
    recordAnomaly(state, 'malformed_event', 'todo.updated')
    return
  }
  if (!state.todoEvents.accept(eventId)) return
  state.todos = todos
  state.stale.add('todos')
  // A list that changes nothing to see has no revision of its own, and a poll sent now is newer.
  derive(state)
  state.todosTouched = state.feed.revision
}
