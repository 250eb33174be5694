import { EventClock } from '../state/event-order.js'
import { nested, number, string } from '../records/fields.js'
import type { Fields } from '../records/fields.js'
import { isOfThisTurn, refreshMembership } from './membership.js'
import { announceChange } from '../state/part-store.js'
import { visibleParts } from '../state/state.js'
import type { PartState, ReplyState, SessionState, ToolBody } from '../state/state.js'
import { isTitleOf, namedSession, taskTool } from '../state/task-call.js'

/** A session of which nothing but the id is known. */
export function blankSession(id: string, parentId: string | null): SessionState {
  return {
    id,
    parentId,
    title: null,
    agent: null,
    messages: new Map(),
    order: [],
    open: new Set(),
    toolPartId: null,
    status: null,
    statusEvents: new EventClock(),
    touched: 0,
  }
}

/**
 * Takes up the session of a sub-agent, reported by its parent. One that was made in another turn stays outside, unless a
 * tool part of this turn names it, which tells no time.
 */
export function adoptSession(state: ReplyState, info: Fields): void {
  const id = string(info, 'id')
  const parentId = string(info, 'parentID')
  if (id === null || id === state.sessionId) return
  const known = state.sessions.get(id)
  if (known === undefined) {
    if (parentId === null || !state.sessions.has(parentId)) return
    if (!isOfThisTurn(state, number(nested(info, 'time'), 'created'))) return
  }
  const session = known ?? blankSession(id, parentId)
  const title = string(info, 'title') ?? session.title
  const agent = string(info, 'agent') ?? session.agent
  if (known !== undefined && title === session.title && agent === session.agent) return
  state.sessions.set(id, session)
  session.title = title
  session.agent = agent
  announceChild(state, session)
  state.stale.add('children')
}

function announceChild(state: ReplyState, session: SessionState): void {
  state.feed.announce(() => ({
    type: 'child-changed',
    sessionId: session.id,
    parentSessionId: session.parentId,
    toolPartId: session.toolPartId,
    title: session.title,
    agent: session.agent,
  }))
}

/**
 * Attaches sub-agents to the tool parts that started them.
 *
 * A part names its session in its metadata or in its result, but often not while it runs. Until then the title tells,
 * which the server makes of the call's description and agent; of several equal ones the first is taken first.
 */
export function linkChildren(state: ReplyState): void {
  adoptNamed(state)
  const tasks = taskParts(state)
  const links = new Map<string, string>()
  for (const [part, body] of tasks) {
    const named = namedSession(body)
    // A later call may go on with the same sub-agent; the first one started it.
    if (named !== null && !links.has(named)) links.set(named, part.id)
  }
  const taken = new Set(links.values())
  for (const session of childrenByAge(state)) {
    if (links.has(session.id)) continue
    const match = tasks.find(
      ([part, body]) =>
        part.message.session.id === session.parentId &&
        !taken.has(part.id) &&
        namedSession(body) === null &&
        isTitleOf(session, body),
    )
    if (match === undefined) continue
    links.set(session.id, match[0].id)
    taken.add(match[0].id)
  }
  for (const session of childrenByAge(state)) link(state, session, links.get(session.id) ?? null)
}

function adoptNamed(state: ReplyState): void {
  for (const [part, body] of taskParts(state)) {
    const id = namedSession(body)
    if (id === null || state.sessions.has(id)) continue
    adoptSession(state, { id, parentID: part.message.session.id })
  }
  for (const session of state.sessions.values()) refreshMembership(state, session)
}

function link(state: ReplyState, session: SessionState, toolPartId: string | null): void {
  if (session.toolPartId === toolPartId) return
  const before = session.toolPartId
  session.toolPartId = toolPartId
  announceChild(state, session)
  for (const id of [before, toolPartId]) {
    const part = id === null ? undefined : state.parts.get(id)
    if (part !== undefined) announceChange(state, part)
  }
}

function taskParts(state: ReplyState): (readonly [PartState, ToolBody])[] {
  return [...state.sessions.values()].flatMap(visibleParts).flatMap((part) => {
    const { body } = part
    return body?.kind === 'tool' && body.tool === taskTool ? [[part, body] as const] : []
  })
}

/** The sub-agents, oldest first: the newer a session, the smaller its id. */
export function childrenByAge(state: ReplyState): SessionState[] {
  return [...state.sessions.values()]
    .filter((session) => session !== state.root)
    .sort((left, right) => (left.id > right.id ? -1 : 1))
}
