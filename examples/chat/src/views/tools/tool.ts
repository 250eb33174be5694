import type { Todo, ToolPart } from '@turnstead/reply'
import { describeTool, type ToolDisplay } from '@turnstead/reply/tool-display'
import { html, type Html } from '@turnstead/reply/turbo'
import { chevron, icon, type IconName } from '../atoms/icons.js'
import { folded } from '../text/fold.js'
import { answeredQuestions, questionsOf } from './answers.js'
import { attachments } from './attachments.js'
import { diffView } from './diff.js'
import { fileContent } from './file-content.js'
import { subAgentSteps } from './sub-agents.js'
import { terminal } from './terminal.js'
import { todoList } from './todos.js'
import type { ToolContext } from './tool-context.js'
import { stateOf, toolState, wasRejected } from './tool-state.js'

/** The icons of `describeTool`, as far as this application draws another one than a wrench. */
const icons: Readonly<Record<string, IconName>> = {
  book: 'info',
  file: 'file',
  'file-plus': 'file',
  folder: 'file',
  globe: 'search',
  help: 'question',
  list: 'list',
  pencil: 'edit',
  search: 'search',
  terminal: 'terminal',
  users: 'users',
}

export function toolPart(part: ToolPart, context: ToolContext): Html {
  const { elementId, isBrief = false } = context
  if (isBrief) return html`<p class="tool brief">${toolSummary(part)}</p>`
  return html`<details class="tool" id="${elementId}-call" ${isWorthReading(part, context) && html`open`}>
    <summary id="${elementId}-summary">${toolSummary(part)}</summary>
    <div class="tool-body" id="${elementId}-body">${toolBody(part, context)}</div>
  </details>`
}

/** The plan and an answer are what the reader looks for; the rest can be opened. */
function isWorthReading(part: ToolPart, { isOutdated = false }: ToolContext): boolean {
  return (isPlan(part) && !isOutdated) || isAnswered(part)
}

/** While a question is open it is asked below, and not said twice. */
function isAnswered(part: ToolPart): boolean {
  return questionsOf(part).length > 0 && part.status === 'completed'
}

/** Whether a call says what the agent is going to do. */
export function isPlan(part: ToolPart): boolean {
  return describeTool(part).todos !== null
}

/** The line that is always seen. It changes on its own, so that a call that the reader opened stays open. */
export function toolSummary(part: ToolPart): Html {
  const display = describeTool(part)
  const { icon: name, noun } = display
  return html`${icon(icons[name] ?? 'wrench')}
    <span class="name">${noun}</span>
    <span class="title" dir="auto">${titleOf(part, display)}</span>
    ${toolState(stateOf(part))} <span class="opens">${chevron()}</span>`
}

/** What the call is about. A question is read in the call itself, a plan by how far it is. */
function titleOf(part: ToolPart, { target, todos }: ToolDisplay): string {
  if (todos !== null) {
    const done = todos.filter(({ status }) => status === 'completed').length
    return `${done} of ${todos.length} done`
  }
  const [question, ...others] = questionsOf(part)
  if (question !== undefined) {
    if (!isAnswered(part)) return ''
    return others.length === 0 ? question.text : `${others.length + 1} questions`
  }
  return target ?? part.title ?? ''
}

export function toolBody(part: ToolPart, context: ToolContext): Html {
  const display = describeTool(part)
  const { error } = display
  return html`${content(part, display, context)} ${attachments(part, context.picturesAt)}
  ${
    error !== null &&
    !wasRejected(part) &&
    html`<p class="tool-problem">${icon('warning')} <span dir="auto">${error}</span></p>`
  }`
}

function content(part: ToolPart, display: ToolDisplay, context: ToolContext): Html {
  const { elementId: id, subAgents } = context
  const { diff, file, fields, output, shell, todos } = display
  if (todos !== null) return todoList(inOrder(todos, part))
  if (questionsOf(part).length > 0) return answeredQuestions(part)
  if (shell !== null) return terminal(shell, id)
  if (part.childSessionId !== null || subAgents.length > 0) {
    return subAgentSteps(part, { display, context, showCall: toolPart })
  }
  if (diff !== null) return diffView(diff, id)
  if (file !== null) return fileContent(file, id)
  return html`${fields.map(({ label, text }, index) =>
    labelled(label, folded(text, { id: `${id}-${index}`, show: (some) => html`${some}` })),
  )}
  ${output !== '' && labelled('Result', folded(output, { id: `${id}-result`, show: (some) => html`${some}` }))}`
}

/** As the agent listed them: a plan whose steps change places is hard to follow. */
function inOrder(todos: readonly Todo[], { input }: ToolPart): readonly Todo[] {
  const listed = Array.isArray(input['todos']) ? input['todos'] : []
  const contents = listed.map((each: unknown) => (Object(each) as { content?: unknown }).content)
  return todos.toSorted(
    (one, other) => contents.indexOf(one.content) - contents.indexOf(other.content),
  )
}

function labelled(label: string, value: Html): Html {
  return html`<p class="label">${label}</p>
    ${value}`
}
