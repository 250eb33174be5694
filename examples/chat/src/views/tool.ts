import type { ToolPart, ToolStatus } from '@turnstead/reply'
import { describeTool, type ToolDisplay } from '@turnstead/reply/tool-display'
import { html, type Html } from '@turnstead/reply/turbo'
import { clip } from './format.js'
import { chevron, icon, type IconName } from './icons.js'

/** How far a tool's input and output are shown; the whole is in the row. */
const maxShownLength = 6_000

/** The icons of `describeTool`, as far as this application draws another one than a wrench. */
const icons: Readonly<Record<string, IconName>> = {
  book: 'info',
  file: 'file',
  'file-plus': 'file',
  folder: 'file',
  globe: 'search',
  help: 'info',
  list: 'list',
  pencil: 'edit',
  search: 'search',
  terminal: 'terminal',
}

export function toolPart(part: ToolPart, elementId: string): Html {
  return html`<details class="tool">
    <summary id="${elementId}-summary">${toolSummary(part)}</summary>
    <dl id="${elementId}-body">${toolBody(part)}</dl>
  </details>`
}

/** The line that is always seen. It changes on its own, so that a call that the reader opened stays open. */
export function toolSummary(part: ToolPart): Html {
  const { icon: name, noun, target } = describeTool(part)
  return html`${icon(icons[name] ?? 'wrench')}
    <span class="name">${noun}</span>
    <span class="title">${target ?? part.title}</span>
    ${toolState(part.status)} ${chevron()}`
}

export function toolBody(part: ToolPart): Html {
  const { output, error, todos, ...display } = describeTool(part)
  if (todos !== null && error === null) {
    return html`<dt>Plan</dt>
      <dd>
        <ul>
          ${todos.map(({ content, status }) => html`<li data-status="${status}">${content}</li>`)}
        </ul>
      </dd>`
  }
  return html`${inputFields(display).map(([label, text]) => field(label, text))}
  ${output !== '' && field('Output', output)} ${error !== null && field('Problem', error)}`
}

const states: Readonly<Record<ToolStatus, Html>> = {
  pending: html`<span class="state"><i class="spinner"></i> Starting</span>`,
  running: html`<span class="state"><i class="spinner"></i> Running</span>`,
  completed: html`<span class="state" data-state="ok">${icon('check')} Done</span>`,
  error: html`<span class="state" data-state="bad">${icon('cross')} Failed</span>`,
  interrupted: html`<span class="state" data-state="bad">${icon('cross')} Cut off</span>`,
}

function toolState(status: ToolStatus): Html {
  return states[status]
}

function field(label: string, text: string): Html {
  return html`<dt>${label}</dt>
    <dd><pre>${clip(text, maxShownLength)}</pre></dd>`
}

/** What is worth reading of a call's input: what it changes, where that is known, else what it was given. */
export function inputFields({
  diff,
  fields,
}: Pick<ToolDisplay, 'diff' | 'fields'>): (readonly [label: string, text: string])[] {
  if (diff !== null) return [['Change', diff]]
  return fields.map(({ label, text }) => [label, text] as const)
}
