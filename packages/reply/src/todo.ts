import { fieldsOf, string } from './fields.js'

/** One line of the agent's todo list. */
export interface Todo {
  readonly content: string
  /** `pending`, `in_progress`, `completed`, `cancelled`, or what the server says. */
  readonly status: string
  /** `high`, `medium`, `low`, or what the server says; `null` when it says nothing. */
  readonly priority: string | null
}

/** Reads a todo list; `null` when the value is no list. The server spells statuses with `-` or `_`; here it is `_`. */
export function readTodos(value: unknown): readonly Todo[] | null {
  if (!Array.isArray(value)) return null
  const todos: Todo[] = []
  for (const item of value) {
    const fields = fieldsOf(item)
    const content = fields === null ? null : string(fields, 'content')
    if (fields === null || content === null) continue
    const status = string(fields, 'status') ?? 'pending'
    todos.push(
      Object.freeze({
        content,
        status: status.replaceAll('-', '_'),
        priority: string(fields, 'priority'),
      }),
    )
  }
  return Object.freeze(todos)
}
