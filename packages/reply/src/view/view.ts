import type { Anomaly } from '../state/anomaly.js'
import type { Ask } from '../records/ask.js'
import { ownAsks } from '../state/ask-store.js'
import { childrenByAge } from '../state/children.js'
import { recordsOf } from '../state/message-record.js'
import type { MessageRecord } from '../state/message-record.js'
import type { ReplyPart } from '../records/part.js'
import { viewOf } from '../state/part-view.js'
import type { ReplyError } from '../records/reply-error.js'
import { spentOn } from '../records/spent.js'
import { visibleParts } from '../state/state.js'
import type { ReplyState, SessionState, SessionStatus } from '../state/state.js'
import type { Todo } from '../records/todo.js'
import type { Tokens } from '../records/tokens.js'
import { allRecords } from '../state/totals.js'

/** A sub-agent: a session that a tool part of the reply started. */
export interface SubAgent {
  readonly sessionId: string
  /** The session that started it: the reply's own, or another sub-agent. */
  readonly parentSessionId: string | null
  /** The tool part that started it; `null` until that is known. */
  readonly toolPartId: string | null
  readonly title: string | null
  /** The agent's name; `null` when the server did not tell. */
  readonly agent: string | null
  readonly status: SessionStatus
  readonly parts: readonly ReplyPart[]
  /** Cost of this sub-agent alone, in the provider's currency: what it started itself has its own. */
  readonly cost: number
  /** Tokens of this sub-agent alone. */
  readonly tokens: Tokens
}

/** A whole reply to look at: plain, frozen JSON. */
export interface ReplyView {
  readonly revision: number
  readonly sessionId: string
  readonly promptId: string
  /** What the server last said the session does; a hint, no proof. */
  readonly status: SessionStatus
  /** Parts of the reply's own session, in order. */
  readonly parts: readonly ReplyPart[]
  /** Sub-agents at any depth, oldest first. */
  readonly children: readonly SubAgent[]
  /** Assistant messages of all sessions: the reply's own first, each session's in order. */
  readonly messages: readonly MessageRecord[]
  /** Permissions and questions, oldest first. */
  readonly asks: readonly Ask[]
  readonly todos: readonly Todo[]
  /** Cost of the whole turn with its sub-agents, in the provider's currency. */
  readonly cost: number
  /** Tokens of the whole turn with its sub-agents. */
  readonly tokens: Tokens
  /** The last session error; does not mean that the turn failed. */
  readonly error: ReplyError | null
  readonly anomalies: readonly Anomaly[]
}

/** The reply as plain JSON. */
export function lookAt(state: ReplyState): ReplyView {
  const children = childrenByAge(state)
  return Object.freeze({
    revision: state.outbox.revision,
    sessionId: state.sessionId,
    promptId: state.promptId,
    status: state.root.status,
    parts: partsOf(state, state.root),
    children: Object.freeze(children.map((session) => subAgentOf(state, session))),
    messages: allRecords(state),
    asks: ownAsks(state),
    todos: state.shownTodos,
    cost: state.cost,
    tokens: state.tokens,
    error: state.sessionError,
    anomalies: Object.freeze([...state.anomalies]),
  })
}

/** The visible parts of a session, in order. */
function partsOf(state: ReplyState, session: SessionState): readonly ReplyPart[] {
  return Object.freeze(visibleParts(session).map((part) => viewOf(state, part)))
}

function subAgentOf(state: ReplyState, session: SessionState): SubAgent {
  return Object.freeze({
    sessionId: session.id,
    parentSessionId: session.parentId,
    toolPartId: session.toolPartId,
    title: session.title,
    agent: session.agent,
    status: session.status,
    parts: partsOf(state, session),
    ...spentOn(recordsOf(session)),
  })
}
