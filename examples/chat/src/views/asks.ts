import type { Ask, PermissionAsk, Question, ToolPart } from '@turnstead/reply'
import { describeTool } from '@turnstead/reply/tool-display'
import { html, type AskContext, type Html } from '@turnstead/reply/turbo'
import { showInvisible } from './format.js'
import { icon } from './icons.js'
import { inputFields } from './tool.js'

/** A permission or question that waits for the reader, with the call that raised it where it is known. */
export function askForm(turnId: number, ask: Ask, { elementId, call }: AskContext): Html {
  const isQuestion = ask.kind === 'question'
  return html`<form
    class="ask"
    method="post"
    action="/messages/${turnId}/asks/${encodeURIComponent(ask.id)}"
    aria-labelledby="${elementId}-wish"
  >
    <h3 id="${elementId}-wish">
      ${icon(isQuestion ? 'info' : 'warning')}
      The agent ${isQuestion ? 'asks you' : `wants to ${wishOf(ask)}`}
    </h3>
    ${isQuestion ? ask.questions.map(questionField) : permissionFacts(ask, call)}
    <p class="problem" id="${askProblemId(turnId, ask.id)}" role="alert"></p>
    <p class="answers">
      <button name="decision" value="yes">${isQuestion ? 'Answer' : 'Allow once'}</button>
      <button name="decision" value="no" formnovalidate>
        ${isQuestion ? 'Do not answer' : 'Reject'}, and stop
      </button>
    </p>
  </form>`
}

/** Where the form says what is wrong with the answer. */
export function askProblemId(turnId: number, askId: string): string {
  return `turn-${turnId}-ask-${askId}-problem`
}

const wishes: Readonly<Record<string, string>> = {
  bash: 'run a command',
  edit: 'change a file',
}

function wishOf({ permission }: PermissionAsk): string {
  return wishes[permission] ?? `use “${showInvisible(permission || 'a tool')}”`
}

/** All of it, however long: what is allowed has to be seen. The patterns alone leave out, say, where a command's output goes. */
function permissionFacts({ patterns, metadata }: PermissionAsk, call: ToolPart | null): Html[] {
  const diff = metadata?.['diff']
  const facts = [
    ['For', patterns.join('\n')],
    ...(call === null ? [] : inputFields({ ...describeTool(call), diff: null })),
    ...(typeof diff === 'string' ? [['Change', diff] as const] : []),
  ] as const
  return facts.map(
    ([label, text]) =>
      html`<p>${label}</p>
        <pre tabindex="0">${showInvisible(text)}</pre>`,
  )
}

function questionField({ text, options, multiple, custom }: Question, index: number): Html {
  // Where own words are taken too, only the server can see that there is no answer at all.
  const isRequired = !custom && !multiple
  return html`<fieldset>
    <legend>${text}</legend>
    ${options.map(
      ({ label, description }) =>
        html`<label>
          <input
            type="${multiple ? 'checkbox' : 'radio'}"
            name="answer-${index}"
            value="${label}"
            ${isRequired && html`required`}
          />
          <span>${label} ${description !== label && html`<small>${description}</small>`}</span>
        </label>`,
    )}
    ${
      custom &&
      html`<label>
        <span>In your own words</span>
        <input
          type="text"
          name="words-${index}"
          maxlength="2000"
          autocomplete="off"
          ${options.length === 0 && html`required`}
        />
      </label>`
    }
  </fieldset>`
}
