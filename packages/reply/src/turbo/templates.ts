import type { Ask } from '../records/ask.js'
import type { ReplyPart, ToolPart } from '../records/part.js'
import type { ReplyView, SubAgent } from '../records/reply-view.js'
import type { Todo } from '../records/todo.js'
import { describeTool } from '../tool-display/describe-tool.js'
import { html } from './html.js'
import type { Html } from './html.js'

/** What a template of a part is given beside the part. */
export interface PartContext {
  /** The id of the part's element. */
  readonly elementId: string
  /**
   * The text of a text or reasoning part as `renderText` made it. While the text grows it holds elements that are
   * changed in place, so a template shows it whole or not at all.
   */
  readonly content: Html | null
  /**
   * Of a tool call: the sub-agents that it started, and those that these started, oldest first; `toolPartId` says by which call. The part
   * is shown again when one of them does something. Empty for other parts.
   */
  readonly subAgents: readonly SubAgent[]
}

/** What a template of an ask is given beside the ask. */
export interface AskContext {
  /** The id of the ask's element. */
  readonly elementId: string
  /** The tool call that asks, when it is known. */
  readonly call: ToolPart | null
}

/** How a host shows a reply. Every template returns what goes inside the element; `null` shows nothing. */
export interface TurboTemplates {
  /** The inside of a part's element; `null`: it has no element. */
  readonly part: (part: ReplyPart, context: PartContext) => Html | null
  /**
   * Turbo Stream elements that bring a part which is shown already up to date, so that its element is not replaced,
   * for example to keep a `<details>` open. `null` replaces the element. Default: always replaced.
   */
  readonly partUpdate?: (part: ReplyPart, context: PartContext) => Html | null
  /** The inside of the element with open asks, where there is no template for each. */
  readonly asks: (asks: readonly Ask[]) => Html | null
  /** The inside of the element of one open ask. With it asks come and go one by one, so that a form stays as it is. */
  readonly ask?: (ask: Ask, context: AskContext) => Html | null
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

function showPart(part: ReplyPart, { content }: PartContext): Html | null {
  switch (part.kind) {
    case 'text':
      if (part.synthetic || part.summary) return null
      return part.superseded ? html`<del>${content}</del>` : content
    case 'reasoning':
      return part.summary ? null : html`<details><summary>Reasoning</summary>${content}</details>`
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
