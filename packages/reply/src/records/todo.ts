import { objectOf, string } from './fields.js'

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
  const todos = value.map((item): Todo | null => {
    const fields = objectOf(item)
    const content = string(fields, 'content')
    if (content === null) return null
    const status = (string(fields, 'status') ?? 'pending').replaceAll('-', '_')
    return Object.freeze({ content, status, priority: string(fields, 'priority') })
  })
  return Object.freeze(todos.filter((todo) => todo !== null))
}
