import { blankSession } from './children.js'
import { EventClock } from '../state/event-order.js'
import { blankMessage, placeMessage } from './message-store.js'
import type { ChangeFeed } from '../changes/change-feed.js'
import type { ReplyState } from '../state/state.js'
import { emptyWorkspace } from '../records/workspace.js'
import { noTokens } from '../records/tokens.js'

/** A reply of which nothing is known yet. Throws a `TypeError` that names the id that is missing. */
export function newState(sessionId: string, promptId: string, feed: ChangeFeed): ReplyState {
  requireId(sessionId, 'sessionId')
  requireId(promptId, 'promptId')
  const root = blankSession(sessionId, null)
  const prompt = blankMessage(root, promptId)
  prompt.role = 'user'
  prompt.author = 'person'
  prompt.member = true
  root.messages.set(promptId, prompt)
  placeMessage(prompt)
  return {
    sessionId,
    promptId,
    promptedAt: null,
    directory: null,
    closed: false,
    others: new Set(),
    handOver: null,
    root,
    prompt,
    sessions: new Map([[sessionId, root]]),
    parts: new Map(),
    writing: null,
    asks: new Map(),
    askTouched: new Map(),
    removed: new Map(),
    unattributed: new Set(),
    foreign: new Set(),
    todos: null,
    todoEvents: new EventClock(),
    todosTouched: 0,
    shownTodos: Object.freeze([]),
    sessionError: null,
    errorEvents: new EventClock(),
    anomalies: [],
    repeated: new Set(),
    workspace: emptyWorkspace,
    fileEvents: new EventClock(),
    processEvents: new EventClock(),
    stale: new Set(),
    grown: null,
    cost: 0,
    tokens: noTokens,
    feed,
  }
}

function requireId(id: unknown, option: string): void {
  if (typeof id === 'string' && id !== '') return
  throw new TypeError(`\`${option}\` must be a non-empty string`)
}
