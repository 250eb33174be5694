import type { Todo } from '@turnstead/reply'
import { html, type Html } from '@turnstead/reply/turbo'

const said: Readonly<Record<string, string>> = {
  completed: 'Done:',
  in_progress: 'In progress:',
  pending: 'To do:',
  cancelled: 'Dropped:',
}

/** The agent's plan as a checklist. */
export function todoList(todos: readonly Todo[]): Html {
  return html`<ul class="todos">
    ${todos.map(
      ({ content, status }) =>
        html`<li data-status="${status}">
          <span class="tick" role="img" aria-label="${said[status] ?? 'To do:'}"></span>
          <span dir="auto">${content}</span>
        </li>`,
    )}
  </ul>`
}
