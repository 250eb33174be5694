import { sameJson } from '../records/json-value.js'
import { deletePart, isTodoTool } from '../state/part-store.js'
import { visibleParts } from '../state/state.js'
import type { ReplyState, ToolBody } from '../state/state.js'
import { showStreamPart } from '../state/stream-part.js'
import { readTodos } from '../records/todo.js'
import type { Todo } from '../records/todo.js'

const none: readonly Todo[] = Object.freeze([])

/**
 * The agent's todo list: that of the newest tool call that shows it, else what `todo.updated` said.
 *
 * A call that has no arguments yet, or that failed, shows nothing.
 */
export function currentTodos(state: ReplyState): readonly Todo[] {
  const lists = todoCalls(state).map(todosOf)
  return lists.at(-1) ?? state.todos ?? lists.findLast((todos) => todos !== null) ?? none
}

function todoCalls(state: ReplyState): ToolBody[] {
  return visibleParts(state.root)
    .map(({ body }) => body)
    .filter(isTodoTool)
}

function todosOf(call: ToolBody): readonly Todo[] | null {
  if (call.status === 'error') return null
  return readTodos(call.metadata?.['todos']) ?? readTodos(call.input['todos'])
}

/** Brings the list up to date, and the part that shows it when no tool call does. */
export function refreshTodos(state: ReplyState): void {
  const todos = currentTodos(state)
  const id = `todos:${state.sessionId}`
  const part = state.parts.get(id)
  const isShown = todoCalls(state).length > 0
  if (isShown || state.todos === null) {
    if (part !== undefined) deletePart(state, part)
  } else if (part?.body?.kind !== 'todos' || !sameJson(part.body.todos, state.todos)) {
    showStreamPart(state, state.root, id, { kind: 'todos', todos: state.todos })
  }
  if (sameJson(todos, state.shownTodos)) return
  state.shownTodos = todos
  state.feed.announce(() => ({ type: 'todos-changed', todos }))
}
