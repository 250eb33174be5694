import type { ReasoningPart, ReplyPart, TextPart } from '@turnstead/reply'
import { html, type Html } from '@turnstead/reply/turbo'
import { renderMarkdown } from '../markdown.js'
import { chevron, icon } from './icons.js'
import { toolPart } from './tool.js'

/** A part's element. The prefix keeps an id that the agent's server chose away from the page's own ids. */
export function partElementId(partId: string): string {
  return `part-${partId}`
}

export interface PartViewOptions {
  /** Its turn is still at work. */
  readonly isLive: boolean
  /** The agent's folder. */
  readonly directory: string
  /** A text that is being written has its view already. */
  readonly writing?: Html
}

/** One part of a reply; null for what a reader does not need to see. */
export function partView(part: ReplyPart, options: PartViewOptions): Html | null {
  const elementId = partElementId(part.id)
  switch (part.kind) {
    case 'text':
    case 'reasoning':
      return hasText(part) ? writtenPart(part, options) : null
    case 'tool':
      return toolPart(part, { elementId, ...options })
    case 'file':
      return html`<p class="kept" id="${elementId}">
        ${icon('file')} ${part.filename ?? part.mime}
      </p>`
    case 'todos':
      return html`<ul class="prose" id="${elementId}">
        ${part.todos.map((todo) => html`<li>${todo.content}</li>`)}
      </ul>`
    case 'ask':
    case 'compaction':
    case 'patch':
    case 'retry':
    case 'step-finish':
    case 'step-start':
    case 'unknown':
      return null
  }
}

function hasText(part: TextPart | ReasoningPart): boolean {
  return part.text.trim() !== '' && !part.summary && !(part.kind === 'text' && part.synthetic)
}

function writtenPart(part: TextPart | ReasoningPart, options: PartViewOptions): Html {
  const elementId = partElementId(part.id)
  const content = options.writing ?? renderMarkdown(part.text)
  const note =
    part.lost &&
    html`<p class="kept">Interrupted here. This is what was seen until then, kept by Turnstead.</p>`
  if (part.kind === 'text') {
    return html`<div class="text" id="${elementId}">
      <div class="prose">${content}</div>
      ${note}
    </div>`
  }
  const isOpen = options.isLive && !part.final
  return html`<details class="reasoning" id="${elementId}" ${isOpen && html`open`}>
    <summary>${icon('thought')} ${isOpen ? 'Thinking' : 'Thoughts'} ${chevron()}</summary>
    <div class="prose">${content}</div>
    ${note}
  </details>`
}
