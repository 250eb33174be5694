import type { ReplyView, SubAgent } from '../records/reply-view.js'
import { ownAsks } from '../tracking/ask-store.js'
import { childrenByAge } from '../tracking/children.js'
import { recordsOf } from '../state/message-record.js'
import type { ReplyPart } from '../records/part.js'
import { viewOf } from '../state/part-view.js'
import { spentOn } from '../records/spent.js'
import { visibleParts } from '../state/state.js'
import type { ReplyState, SessionState } from '../state/state.js'
import { allRecords } from '../tracking/totals.js'

/** The reply as plain JSON. */
export function buildView(state: ReplyState): ReplyView {
  const children = childrenByAge(state)
  return Object.freeze({
    revision: state.feed.revision,
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
    workspace: state.workspace,
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
