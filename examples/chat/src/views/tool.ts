import type { ToolPart } from '@turnstead/reply'
import { html, type Html } from '@turnstead/reply/turbo'
import { clip } from './format.js'
import { chevron, icon, type IconName } from './icons.js'

/** How far a tool's input and output are shown; the whole is in the row. */
const maxShownLength = 6_000

/** How a tool's call is shown: its name, its icon, the input that says what it is about, and the inputs worth reading. */
interface Display {
  readonly name: string
  readonly icon: IconName
  readonly about?: string
  readonly fields?: Readonly<Record<string, string>>
}

const displays: Readonly<Record<string, Display>> = {
  apply_patch: { name: 'Patch', icon: 'edit', fields: { patchText: 'Patch' } },
  bash: { name: 'Shell', icon: 'terminal', about: 'command', fields: { command: 'Command' } },
  edit: {
    name: 'Edit',
    icon: 'edit',
    about: 'filePath',
    fields: { oldString: 'Before', newString: 'After' },
  },
  glob: { name: 'Find files', icon: 'search', about: 'pattern' },
  grep: { name: 'Search', icon: 'search', about: 'pattern' },
  question: { name: 'Question', icon: 'info' },
  read: { name: 'Read', icon: 'file', about: 'filePath' },
  task: { name: 'Sub-agent', icon: 'wrench', about: 'description', fields: { prompt: 'Task' } },
  todowrite: { name: 'Plan', icon: 'list' },
  webfetch: { name: 'Fetch', icon: 'search', about: 'url' },
  write: { name: 'Write', icon: 'file', about: 'filePath', fields: { content: 'Content' } },
}

const displayOf = (tool: string): Display => displays[tool] ?? { name: tool, icon: 'wrench' }

export function toolName(tool: string): string {
  return displayOf(tool).name
}

export interface ToolViewOptions {
  readonly elementId: string
  /** False when its turn is over: what still says `running` then was cut off. */
  readonly isLive: boolean
  /** The agent's folder; paths in it are shown without it. */
  readonly directory: string
}

export function toolPart(part: ToolPart, options: ToolViewOptions): Html {
  return html`<details class="tool" id="${options.elementId}">
    <summary id="${options.elementId}-summary">${toolSummary(part, options)}</summary>
    <dl id="${options.elementId}-body">${toolBody(part)}</dl>
  </details>`
}

/** The line that is always seen. It changes on its own, so that a call that the reader opened stays open. */
export function toolSummary(part: ToolPart, { isLive, directory }: ToolViewOptions): Html {
  const display = displayOf(part.tool)
  const about = part.input[display.about ?? '']
  const title = typeof about === 'string' ? about : (part.title ?? '')
  return html`${icon(display.icon)}
    <span class="name">${display.name}</span>
    <span class="title">${title.replace(`${directory}/`, '')}</span>
    ${toolState(part, isLive)} ${chevron()}`
}

export function toolBody(part: ToolPart): Html {
  // The server repeats all that a command has printed so far while it runs.
  const printed = part.metadata?.['output']
  const output = part.output ?? (typeof printed === 'string' ? printed : '')
  return html`${inputFields(part).map(([label, text]) => field(label, text))}
  ${output !== '' && field('Output', output)} ${part.error !== null && field('Problem', part.error)}`
}

function toolState({ status }: ToolPart, isLive: boolean): Html {
  if (status === 'completed') {
    return html`<span class="state" data-state="ok">${icon('check')} Done</span>`
  }
  if (status === 'error') {
    return html`<span class="state" data-state="bad">${icon('cross')} Failed</span>`
  }
  if (!isLive) return html`<span class="state" data-state="bad">${icon('cross')} Cut off</span>`
  const text = status === 'pending' ? 'Starting' : 'Running'
  return html`<span class="state"><i class="spinner"></i> ${text}</span>`
}

function field(label: string, text: string): Html {
  return html`<dt>${label}</dt>
    <dd><pre>${clip(text, maxShownLength)}</pre></dd>`
}

/** What is worth reading of a call's input. */
export function inputFields({ tool, input }: ToolPart): (readonly [label: string, text: string])[] {
  const fields = Object.entries(displayOf(tool).fields ?? {}).flatMap(([name, label]) => {
    const value = input[name]
    return typeof value === 'string' && value !== '' ? [[label, value] as const] : []
  })
  if (fields.length > 0 || Object.keys(input).length === 0) return fields
  return [['Input', JSON.stringify(input, null, 2)]]
}
