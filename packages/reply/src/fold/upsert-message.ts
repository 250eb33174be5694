import { recordAnomaly } from '../state/anomaly.js'
import { noteAuthorship } from '../tracking/authorship.js'
import { isNewer } from '../state/event-order.js'
import { flag, nested, nonBlank, number, string } from '../records/fields.js'
import type { Fields } from '../records/fields.js'
import { sameJson, toJsonValue } from '../records/json-value.js'
import { refreshMembership } from '../tracking/membership.js'
import { recordOf } from '../state/message-record.js'
import { ensureMessage, placeMessage } from '../tracking/message-store.js'
import { noteDiffs } from './workspace.js'
import type { Origin } from './origin.js'
import { announceChange } from '../state/part-store.js'
import { readReplyError } from '../records/reply-error.js'
import { isAnswer } from '../state/state.js'
import { goesOn } from '../tracking/run-end.js'
import type { MessageState, PartState, ReplyState, SessionState } from '../state/state.js'
import { readTokens } from '../records/tokens.js'

/** Folds what the server says about a message; the same for events and polls. */
export function upsertMessage(
  state: ReplyState,
  session: SessionState,
  info: Fields,
  origin: Origin,
): MessageState | null {
  const id = string(info, 'id')
  const role = readRole(info)
  if (id === null || role === null) {
    recordAnomaly(state, 'malformed_message', id)
    return null
  }
  const after = reviveAfter(state, id, origin)
  if (after === undefined) return null
  const message = ensureMessage(state, session, id, after)
  if (isStale(message, info, origin)) return message
  const before = message.member ? recordOf(message) : null
  const { role: knownRole, parentId } = message
  const { summary } = message
  const wentOn = goesOn(message)
  write(message, role, info)
  if (summary !== message.summary) for (const part of message.parts) announceChange(state, part)
  if (session === state.root) state.directory ??= nonBlank(nested(info, 'path'), 'cwd')
  if (message === state.prompt) noteDiffs(state, nested(info, 'summary'), 'diffs')
  if (message === state.prompt || (origin.polled && session === state.root))
    notePromptTime(state, info)
  if (knownRole === null || parentId !== message.parentId || wentOn !== goesOn(message))
    attribute(state, message)
  if (message.role === 'assistant') state.stale.add('losses')
  if (isAnswer(message)) {
    state.stale.add('totals')
    const record = recordOf(message)
    if (before !== null && !sameJson(before, record)) {
      state.feed.announce(() => ({ type: 'message-changed', message: record }))
    }
  }
  if (!origin.polled) message.touched = state.feed.revision
  return message
}

function readRole(info: Fields): 'assistant' | 'user' | null {
  const role = info['role']
  return role === 'assistant' || role === 'user' ? role : null
}

/**
 * The event after which those of a part or message go on, `null` from the start. `undefined` when the input speaks of
 * something that was removed later. A newer event, or a poll that lists it, brings it back.
 */
export function reviveAfter(
  state: ReplyState,
  id: string,
  origin: Origin,
): string | null | undefined {
  const removal = state.removed.get(id)
  if (removal === undefined) return null
  const isBack = origin.polled
    ? removal.revision <= origin.revision
    : isNewer(origin.eventId, removal.eventId)
  if (!isBack) return undefined
  state.removed.delete(id)
  return removal.eventId
}

/** A message only moves on: open, then stating why it stopped, then completed. */
function isStale(message: MessageState, info: Fields, origin: Origin): boolean {
  if (!origin.polled && !message.events.accept(origin.eventId)) return true
  if (message.role === null) return false
  const known = progress(message.completedAt, message.finish, message.error)
  const stated = progress(number(nested(info, 'time'), 'completed'), info['finish'], info['error'])
  if (stated < known) return true
  return origin.polled && message.touched > origin.revision && stated <= known
}

function progress(completed: number | null, finish: unknown, error: unknown): number {
  if (completed !== null) return 2
  return (finish ?? error ?? null) === null ? 0 : 1
}

/** Texts of a message and what the server calls them. One that is missing does not erase what is known. */
const names = [
  ['parentId', 'parentID'],
  ['finish', 'finish'],
  ['agent', 'agent'],
  ['mode', 'mode'],
  ['providerId', 'providerID'],
  ['modelId', 'modelID'],
] as const

function write(message: MessageState, role: 'assistant' | 'user', info: Fields): void {
  const isFirst = message.role === null
  message.role ??= role
  if (isFirst) {
    message.createdAt = number(nested(info, 'time'), 'created')
    placeMessage(message)
  }
  if (message.role === 'user') return
  for (const [field, name] of names) message[field] = string(info, name) ?? message[field]
  message.completedAt = number(nested(info, 'time'), 'completed') ?? message.completedAt
  message.error = readReplyError(info['error']) ?? message.error
  message.cost = number(info, 'cost') ?? message.cost
  message.tokens = 'tokens' in info ? readTokens(info) : message.tokens
  message.summary = flag(info, 'summary') || message.summary
  message.structured =
    info['structured'] === undefined ? message.structured : toJsonValue(info['structured'])
}

/**
 * Sent again after a crash, a prompt gets a new time; the turn began with the first one. What a poll lists after the
 * prompt is not older than the turn either.
 */
function notePromptTime(state: ReplyState, info: Fields): void {
  const createdAt = number(nested(info, 'time'), 'created')
  if (createdAt === null) return
  if (state.promptedAt !== null && state.promptedAt <= createdAt) return
  state.promptedAt = createdAt
  refreshMembership(state, state.root)
  state.stale.add('children')
}

function attribute(state: ReplyState, message: MessageState): void {
  const { session } = message
  if (message.role === 'user') for (const part of message.parts) noteKeptPart(message, part)
  refreshMembership(state, session)
}

/** A part that came before it was known whose message it is in. */
function noteKeptPart(message: MessageState, { body, buffer }: PartState): void {
  if (body === null) return
  noteAuthorship(message, { ...body, type: body.kind, text: buffer?.toString() ?? '' })
}
