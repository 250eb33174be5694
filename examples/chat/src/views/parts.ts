import type { ReasoningPart, ReplyPart, TextPart } from '@turnstead/reply'
import { html, type Html, type PartContext } from '@turnstead/reply/turbo'
import { chevron, icon } from './atoms/icons.js'
import { filePart } from './tools/attachments.js'
import { todoList } from './tools/todos.js'
import { toolPart } from './tools/tool.js'
import type { ToolContext } from './tools/tool-context.js'

/** One part of a reply; null for what a reader does not need to see. */
export function partView(
  part: ReplyPart,
  context: PartContext & Pick<ToolContext, 'isOutdated' | 'picturesAt'>,
): Html | null {
  switch (part.kind) {
    case 'text':
    case 'reasoning':
      return hasText(part) ? writtenPart(part, context) : null
    case 'tool':
      return toolPart(part, context)
    case 'file':
      return filePart(part, context.picturesAt)
    case 'todos':
      return todoList(part.todos)
    case 'compaction':
      return html`<p class="kept">
        ${icon('info')} The conversation had become long: what was said before was summarised for the agent.
      </p>`
    case 'ask':
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

function writtenPart(part: TextPart | ReasoningPart, { content, elementId }: PartContext): Html {
  const note = noteOf(part)
  const text = html`<div class="prose" dir="auto">${content}</div>
    ${note !== null && html`<p class="kept">${note}</p>`}`
  if (part.superseded) {
    return html`<details class="attempt" id="${elementId}-attempt">
      <summary>${icon('repeat')} An attempt that failed ${chevron()}</summary>
      ${text}
    </details>`
  }
  if (part.kind === 'text') return html`<div class="text">${text}</div>`
  const isOpen = !part.final && !part.lost
  return html`<details class="reasoning" id="${elementId}-thoughts" ${isOpen && html`open`}>
    <summary>${icon('thought')} Thoughts ${chevron()}</summary>
    ${text}
  </details>`
}

function noteOf({ lost, superseded }: TextPart | ReasoningPart): string | null {
  if (lost && superseded) return 'Interrupted here, kept by Turnstead. It is done again below.'
  if (lost) return 'Interrupted here. This is what was seen until then, kept by Turnstead.'
  return superseded ? 'This attempt failed. It is done again below.' : null
}
