import { blankSession } from './children.js'
import { SnapshotError } from './errors.js'
import { fieldsOf } from './fields.js'
import { toJsonValue } from './json-value.js'
import { blankMessage, placeMessage } from './message-store.js'
import { newState } from './new-state.js'
import type { Outbox } from './outbox.js'
import { insertPart } from './part-store.js'
import { snapshotVersion } from './snapshot.js'
import type { MessageJson, PartJson, ReplyJson, SessionJson } from './snapshot.js'
import type { MessageState, ReplyState, SessionState } from './state.js'
import { TextBuffer } from './text-buffer.js'
import { currentTodos } from './todo-list.js'
import { refreshTotals } from './totals.js'

/** Reads what `toSnapshot` wrote, as an object or as its JSON text. */
export function readSnapshot(value: unknown, outbox: Outbox): ReplyState {
  const json = checked(typeof value === 'string' ? parsed(value) : value)
  try {
    return restore(json, outbox)
  } catch (cause) {
    throw new SnapshotError('malformed', 'the stored reply is damaged; poll the server instead', {
      cause,
    })
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new SnapshotError('malformed', 'the stored reply is not JSON', { cause })
  }
}

function checked(value: unknown): ReplyJson {
  const fields = fieldsOf(value)
  if (fields === null) throw new SnapshotError('malformed', 'the stored reply is not an object')
  if (fields['version'] !== snapshotVersion) {
    throw new SnapshotError(
      'unsupported_version',
      `the stored reply is not of version ${snapshotVersion}`,
    )
  }
  if (typeof fields['sessionId'] !== 'string' || typeof fields['promptId'] !== 'string') {
    throw new SnapshotError('malformed', 'the stored reply names no session or no prompt')
  }
  // The inside is written by this package alone; a damaged one is caught while it is restored.
  return toJsonValue(fields) as unknown as ReplyJson
}

function restore(json: ReplyJson, outbox: Outbox): ReplyState {
  const state = newState(json.sessionId, json.promptId, outbox)
  state.promptedAt = json.promptedAt
  for (const session of json.sessions) restoreSession(state, session)
  for (const ask of json.asks) state.asks.set(ask.id, ask)
  for (const [id, eventId] of json.removed) state.removed.set(id, { eventId, revision: 0 })
  state.todos = json.todos
  state.todosEventId = json.todosEventId
  state.sessionError = json.error
  state.sessionErrorEventId = json.errorEventId
  state.deleted = json.deleted
  state.anomalies.push(...json.anomalies)
  state.shownTodos = currentTodos(state)
  refreshTotals(state)
  outbox.revision = json.revision
  return state
}

function restoreSession(state: ReplyState, json: SessionJson): void {
  const session = json.id === state.sessionId ? state.root : blankSession(json.id, json.parentId)
  const { title, agent, createdAt, toolPartId, status, statusEventId } = json
  Object.assign(session, { title, agent, createdAt, toolPartId, status, statusEventId })
  state.sessions.set(session.id, session)
  for (const message of json.messages) restoreMessage(state, session, message)
}

function restoreMessage(state: ReplyState, session: SessionState, json: MessageJson): void {
  const { parts, ...rest } = json
  const isPrompt = session === state.root && json.id === state.promptId
  const message = Object.assign(isPrompt ? state.prompt : blankMessage(session, json.id), rest)
  session.messages.set(message.id, message)
  if (message.role !== null && !isPrompt) placeMessage(message)
  if (!message.member)
    (parts.length > 0 || message.role === null ? state.unattributed : state.foreign).add(message)
  for (const part of parts) restorePart(state, message, part)
}

function restorePart(state: ReplyState, message: MessageState, json: PartJson): void {
  const { body, provenance, final, lost, gapped, startSeen, eventId } = json
  const part = insertPart(state, message, json.id, json.key)
  Object.assign(part, { body, provenance, final, lost, gapped, startSeen, eventId })
  part.touched = 0
  part.buffer = json.text === null ? null : new TextBuffer(json.text)
  const isWritten = body === null || body.kind === 'text' || body.kind === 'reasoning'
  if (isWritten && !final) message.session.open.add(part)
}
