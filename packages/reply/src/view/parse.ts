import { blankSession } from '../tracking/children.js'
import { SnapshotError } from '../errors.js'
import { EventClock } from '../state/event-order.js'
import { objectOf } from '../records/fields.js'
import { toJsonValue } from '../records/json-value.js'
import { blankMessage, keepsParts, placeMessage } from '../tracking/message-store.js'
import { newState } from '../tracking/new-state.js'
import type { ChangeFeed } from '../changes/change-feed.js'
import { insertPart } from '../state/part-store.js'
import { summarise } from './result.js'
import { snapshotVersion } from './serialize.js'
import type { MessageJson, PartJson, ReplyJson, SessionJson } from './serialize.js'
import type { MessageState, ReplyState, SessionState } from '../state/state.js'
import { emptyWorkspace } from '../records/workspace.js'
import { TextBuffer } from '../state/text-buffer.js'
import { currentTodos } from '../tracking/todo-list.js'
import { refreshTotals } from '../tracking/totals.js'

/** Reads what `serialize` wrote, as an object or as its JSON text. */
export function parse(value: unknown, feed: ChangeFeed): ReplyState {
  try {
    const fields = objectOf(typeof value === 'string' ? JSON.parse(value) : value)
    if (typeof fields['version'] === 'number' && fields['version'] !== snapshotVersion) {
      throw new SnapshotError('unsupported_version', 'the stored reply is of another version')
    }
    return restore(toJsonValue(fields, Infinity, Infinity) as unknown as ReplyJson, feed)
  } catch (cause) {
    if (SnapshotError.is(cause)) throw cause
    throw new SnapshotError('malformed', 'the stored reply is damaged; poll the server', { cause })
  }
}

function restore(json: ReplyJson, feed: ChangeFeed): ReplyState {
  const state = newState(json.sessionId, json.promptId, feed)
  for (const session of json.sessions) restoreSession(state, session)
  for (const ask of json.asks) state.asks.set(ask.id, ask)
  for (const [id, eventId] of json.removed) state.removed.set(id, { eventId, revision: 0 })
  const { promptedAt, directory, closed, todos, sessionError } = json
  Object.assign(state, {
    promptedAt,
    directory: typeof directory === 'string' ? directory : null,
    closed: closed === true,
    todos,
    sessionError,
  })
  for (const id of json.others ?? []) state.others.add(id)
  state.handOver = json.handOver ?? null
  state.todoEvents = new EventClock(json.eventIds[0])
  state.errorEvents = new EventClock(json.eventIds[1])
  state.fileEvents = new EventClock(json.eventIds[2])
  state.processEvents = new EventClock(json.eventIds[3])
  state.workspace = Object.freeze({ ...emptyWorkspace, ...json.workspace })
  for (const { code, subject } of json.anomalies) state.anomalies.push({ code, subject })
  state.shownTodos = currentTodos(state)
  refreshTotals(state)
  feed.revision = json.revision
  if (!Number.isFinite(json.revision)) throw new TypeError('no revision')
  // What cannot be shown cannot be gone on with.
  summarise(state)
  return state
}

function restoreSession(state: ReplyState, json: SessionJson): void {
  const session = json.id === state.sessionId ? state.root : blankSession(json.id, json.parentId)
  const { messages, eventId, ...rest } = json
  Object.assign(session, rest)
  session.statusEvents = new EventClock(eventId)
  state.sessions.set(session.id, session)
  for (const message of messages) restoreMessage(state, session, message)
  for (const message of session.messages.values()) {
    if (!message.member) (keepsParts(message) ? state.unattributed : state.foreign).add(message)
  }
}

function restoreMessage(state: ReplyState, session: SessionState, json: MessageJson): void {
  const { parts, eventId, ...rest } = json
  const isPrompt = session === state.root && json.id === state.promptId
  const message = Object.assign(isPrompt ? state.prompt : blankMessage(session, json.id), rest)
  message.events = new EventClock(eventId)
  session.messages.set(message.id, message)
  if (message.role !== null && !isPrompt) placeMessage(message)
  for (const part of parts) restorePart(state, message, part)
}

function restorePart(state: ReplyState, message: MessageState, json: PartJson): void {
  const { text, eventId, ...rest } = json
  const part = Object.assign(insertPart(state, message, json.id, json.key), rest)
  part.events = new EventClock(eventId)
  part.buffer = text === null ? null : new TextBuffer(text)
  if (part.buffer !== null && !part.final) message.session.open.add(part)
}
