import type { ReplyPart, ToolPart } from '@turnstead/reply'
import type { ToolDisplay } from '@turnstead/reply/tool-display'
import { html, type Html } from '@turnstead/reply/turbo'
import { clip } from '../atoms/format.js'
import { folded } from '../text/fold.js'
import { renderMarkdown } from '../text/markdown.js'
import type { ToolContext } from './tool-context.js'

/** A sub-agent's text is shown so far; the whole is in the row. */
const maxTextLength = 6_000
/** While it works all of it is sent with each of its steps: then the last of them are shown, and calls by their names. */
const stepsAtWork = 20

export interface SubAgentOptions {
  readonly display: ToolDisplay
  readonly context: ToolContext
  /** Shows a call of the sub-agent, which may have sub-agents of its own. */
  readonly showCall: (part: ToolPart, context: ToolContext) => Html
}

/** What a call gave a sub-agent to do, and its steps inside of it. */
export function subAgentSteps(
  part: ToolPart,
  { display, context, showCall }: SubAgentOptions,
): Html {
  const { elementId, subAgents } = context
  const own = subAgents.filter(({ toolPartId }) => toolPartId === part.id)
  const isAtWork = !display.isDone
  const task = display.fields.find(({ label }) => label === 'Task')?.text ?? ''
  return html`${
    task !== '' &&
    html`<p class="label">Task</p>
      ${folded(task, { id: `${elementId}-task`, className: 'words', show: (text) => html`${text}` })}`
  }
  ${own.map(
    ({ parts, sessionId }) =>
      html`${isAtWork && earlier(parts.length - stepsAtWork)}
      <ol class="steps" aria-label="Steps of the sub-agent">
        ${parts.slice(isAtWork ? -stepsAtWork : 0).map((each) => {
          const id = `${elementId}-${sessionId}-${each.id}`
          return step(each, { ...context, elementId: id, isBrief: isAtWork }, showCall)
        })}
      </ol>`,
  )}
  ${own.length === 0 && part.output !== null && result(part.output, elementId)}`
}

function earlier(count: number): Html | false {
  return count > 0 && html`<p class="kept">${count} earlier steps</p>`
}

function step(
  part: ReplyPart,
  context: ToolContext,
  showCall: SubAgentOptions['showCall'],
): Html | null {
  if (part.kind === 'tool') return html`<li>${showCall(part, context)}</li>`
  if (part.kind !== 'text' || part.synthetic || part.summary || part.text.trim() === '') return null
  return html`<li class="prose">${renderMarkdown(clip(part.text, maxTextLength))}</li>`
}

/** Where its session is not known: its answer, out of what OpenCode puts around it for the model. */
function result(output: string, elementId: string): Html {
  const inside = /<task_result>\n?([\s\S]*?)\n?<\/task_result>/.exec(output)?.[1] ?? output
  return html`<p class="label">Result</p>
    ${folded(inside, { id: `${elementId}-result`, className: 'words', show: (text) => html`${text}` })}`
}
