import type { ReplyView } from '../records/reply-view.js'
import type { Ask } from '../records/ask.js'
import type { ReplyPart } from '../records/part.js'
import { describeTool } from '../tool-display/describe-tool.js'
import type { Todo } from '../records/todo.js'
import { html } from './html.js'
import type { Html } from './html.js'

/** How a host shows a reply. Every template returns what goes inside the element; `null` shows nothing. */
export interface TurboTemplates {
  /** The inside of a part's element. */
  readonly part: (part: ReplyPart) => Html | null
  /** The inside of the element with open asks. */
  readonly asks: (asks: readonly Ask[]) => Html | null
  /** The inside of the todo list's element. */
  readonly todos: (todos: readonly Todo[]) => Html | null
  /** The inside of the status element. */
  readonly status: (view: ReplyView) => Html | null
}

/** Plain templates, to begin with. */
export const plainTemplates: TurboTemplates = {
  part: showPart,
  asks: (asks) => html`${asks.map(showAsk)}`,
  todos: (todos) =>
    todos.length === 0
      ? null
      : html`<ul>
          ${todos.map(({ content, status }) => html`<li data-status="${status}">${content}</li>`)}
        </ul>`,
  status: ({ status }) => (status === null ? null : html`<span data-status="${status}"></span>`),
}

function showPart(part: ReplyPart): Html | null {
  switch (part.kind) {
    case 'text':
      if (part.synthetic || part.summary) return null
      return part.superseded ? html`<p><del>${part.text}</del></p>` : html`<p>${part.text}</p>`
    case 'reasoning':
      return part.summary ? null : html`<details><summary>Reasoning</summary>${part.text}</details>`
    case 'tool': {
      const { title, status } = describeTool(part)
      return html`<code data-status="${status}">${title}</code>`
    }
    case 'file':
      return html`<span>${part.filename ?? part.mime}</span>`
    case 'retry':
      return html`<em>Attempt ${part.attempt} failed, trying again</em>`
    default:
      return null
  }
}

function showAsk(ask: Ask): Html {
  if (ask.kind === 'permission') {
    return html`<div data-ask="${ask.id}">${ask.permission}: ${ask.patterns.join(', ')}</div>`
  }
  const questions = ask.questions.map(({ text }) => html`<p>${text}</p>`)
  return html`<div data-ask="${ask.id}">${questions}</div>`
}
