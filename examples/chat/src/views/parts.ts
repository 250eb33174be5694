import type { ReasoningPart, ReplyPart, TextPart } from '@turnstead/reply'
import { html, type Html, type PartContext } from '@turnstead/reply/turbo'
import { chevron, icon } from './icons.js'
import { toolPart } from './tool.js'

/** One part of a reply; null for what a reader does not need to see. */
export function partView(part: ReplyPart, { elementId, content }: PartContext): Html | null {
  switch (part.kind) {
    case 'text':
    case 'reasoning':
      return hasText(part) ? writtenPart(part, content) : null
    case 'tool':
      return toolPart(part, elementId)
    case 'file':
      return html`<p class="kept">${icon('file')} ${part.filename ?? part.mime}</p>`
    case 'todos':
      return html`<ul class="prose">
        ${part.todos.map((todo) => html`<li>${todo.content}</li>`)}
      </ul>`
    case 'ask':
    case 'compaction':
    case 'note':
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

function writtenPart(part: TextPart | ReasoningPart, content: Html | null): Html {
  const note = noteOf(part)
  const text = html`<div class="prose">${content}</div>
    ${note !== null && html`<p class="kept">${note}</p>`}`
  if (part.kind === 'text') return html`<div class="text">${text}</div>`
  const isOpen = !part.final && !part.lost
  return html`<details class="reasoning" ${isOpen && html`open`}>
    <summary>${icon('thought')} ${isOpen ? 'Thinking' : 'Thoughts'} ${chevron()}</summary>
    ${text}
  </details>`
}

function noteOf({ lost, superseded }: TextPart | ReasoningPart): string | null {
  if (lost && superseded) return 'Interrupted here, kept by Turnstead. It is done again below.'
  if (lost) return 'Interrupted here. This is what was seen until then, kept by Turnstead.'
  return superseded ? 'This attempt failed. It is done again below.' : null
}
