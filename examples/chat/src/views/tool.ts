import { html, type Html } from '../html.js'
import { clip } from './format.js'
import { icon, type IconName } from './icons.js'
import { chevron } from './parts.js'

/** How far a tool's input and output are shown; the whole is in the row. */
const maxShownLength = 6_000

/** One tool call, as `@turnstead/reply` records it. */
export interface ToolView {
  readonly elementId: string
  readonly tool: string
  readonly status: 'pending' | 'running' | 'completed' | 'error'
  readonly title: string
  readonly input: Readonly<Record<string, unknown>>
  readonly output: string
  readonly error: string | null
  /** False when its turn is over: what still says `running` then was cut off. */
  readonly isLive: boolean
}

const names: Readonly<Record<string, readonly [name: string, icon: IconName]>> = {
  apply_patch: ['Patch', 'edit'],
  bash: ['Shell', 'terminal'],
  edit: ['Edit', 'edit'],
  glob: ['Find files', 'search'],
  grep: ['Search', 'search'],
  read: ['Read', 'file'],
  task: ['Sub-agent', 'wrench'],
  todowrite: ['Plan', 'list'],
  write: ['Write', 'file'],
}

export function toolName(tool: string): string {
  return names[tool]?.[0] ?? tool
}

export function toolPart(view: ToolView): Html {
  return html`<details class="tool" id="${view.elementId}">
    <summary id="${view.elementId}-summary">${toolSummary(view)}</summary>
    <dl id="${view.elementId}-body">
      ${toolBody(view)}
    </dl>
  </details>`
}

/** The line that is always seen. Replaced on its own, so that an opened call stays open. */
export function toolSummary(view: ToolView): Html {
  return html`${icon(names[view.tool]?.[1] ?? 'wrench')}
    <span class="name">${toolName(view.tool)}</span>
    <span class="title">${view.title}</span>
    ${toolState(view)} ${chevron()}`
}

export function toolBody({ tool, input, output, error }: ToolView): Html {
  return html`${inputFields(tool, input).map(([label, text]) => field(label, text))}
  ${output !== '' && field('Output', output)} ${error !== null && field('Problem', error)}`
}

function toolState({ status, isLive }: ToolView): Html {
  if (status === 'completed') return html`<span class="state" data-state="ok">${icon('check')} Done</span>`
  if (status === 'error') return html`<span class="state" data-state="bad">${icon('cross')} Failed</span>`
  if (!isLive) return html`<span class="state" data-state="bad">${icon('cross')} Cut off</span>`
  return html`<span class="state"><i class="spinner"></i> ${status === 'pending' ? 'Starting' : 'Running'}</span>`
}

function field(label: string, text: string): Html {
  return html`<dt>${label}</dt>
    <dd><pre>${clip(text, maxShownLength)}</pre></dd>`
}

/** The fields of an input that a person wants to read, in that order; else all of it. */
function inputFields(
  tool: string,
  input: Readonly<Record<string, unknown>>,
): (readonly [label: string, text: string])[] {
  const known: Readonly<Record<string, readonly (readonly [field: string, label: string])[]>> = {
    apply_patch: [['patchText', 'Patch']],
    bash: [['command', 'Command']],
    edit: [
      ['oldString', 'Before'],
      ['newString', 'After'],
    ],
    task: [['prompt', 'Task']],
    write: [['content', 'Content']],
  }
  const fields = (known[tool] ?? []).flatMap(([name, label]) => {
    const value = input[name]
    return typeof value === 'string' && value !== '' ? [[label, value] as const] : []
  })
  if (fields.length > 0 || Object.keys(input).length === 0) return fields
  return [['Input', JSON.stringify(input, null, 2)]]
}
