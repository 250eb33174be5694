import type { Ask, ToolPart } from '@turnstead/reply'
import { html, type Html } from '@turnstead/reply/turbo'
import { readQuestions, type Question } from '../answers.js'
import { showInvisible } from './format.js'
import { icon } from './icons.js'
import { inputFields } from './tool.js'

/** A permission or question that waits for the reader, and the call that raised it where it is known. */
export interface AskView {
  readonly ask: Ask
  readonly call: ToolPart | null
}

export const asksElementId = (turnId: number): string => `turn-${turnId}-asks`
export const askElementId = (askId: string): string => `ask-${askId}`

export function askList(turnId: number, asks: readonly AskView[]): Html {
  return html`<div class="asks" id="${asksElementId(turnId)}">
    ${asks.map((each) => askForm(turnId, each))}
  </div>`
}

export function askForm(turnId: number, { ask, call }: AskView): Html {
  const isQuestion = ask.kind === 'question'
  const elementId = askElementId(ask.id)
  return html`<form
    class="ask"
    id="${elementId}"
    method="post"
    action="/messages/${turnId}/asks/${encodeURIComponent(ask.id)}"
    aria-labelledby="${elementId}-wish"
  >
    <h3 id="${elementId}-wish">
      ${icon(isQuestion ? 'info' : 'warning')}
      The agent ${isQuestion ? 'asks you' : `wants to ${wishOf(ask)}`}
    </h3>
    ${isQuestion ? readQuestions(ask).map(questionField) : permissionFacts(ask, call)}
    <p class="answers">
      <button name="decision" value="yes">${isQuestion ? 'Answer' : 'Allow once'}</button>
      <button name="decision" value="no" formnovalidate>
        ${isQuestion ? 'Do not answer' : 'Reject'}, and stop
      </button>
    </p>
  </form>`
}

const wishes: Readonly<Record<string, string>> = {
  bash: 'run a command',
  edit: 'change a file',
}

function wishOf({ permission }: Ask): string {
  return wishes[permission ?? ''] ?? `use “${showInvisible(permission ?? 'a tool')}”`
}

/** All of it, however long: what is allowed has to be seen. The patterns alone leave out, say, where a command's output goes. */
function permissionFacts({ patterns, metadata }: Ask, call: ToolPart | null): Html[] {
  const diff = metadata?.['diff']
  const facts = [
    ['For', patterns.join('\n')],
    ...(call === null ? [] : inputFields(call)),
    ...(typeof diff === 'string' ? [['Change', diff] as const] : []),
  ] as const
  return facts.map(
    ([label, text]) =>
      html`<p>${label}</p>
        <pre tabindex="0">${showInvisible(text)}</pre>`,
  )
}

function questionField(question: Question, index: number): Html {
  const { text, options, isMultiple } = question
  return html`<fieldset>
    <legend>${text}</legend>
    ${options.map(
      ({ label, description }) =>
        html`<label>
          <input
            type="${isMultiple ? 'checkbox' : 'radio'}"
            name="answer-${index}"
            value="${label}"
          />
          <span>${label} ${description !== label && html`<small>${description}</small>`}</span>
        </label>`,
    )}
    <label>
      <span>In your own words</span>
      <input type="text" name="words-${index}" maxlength="2000" autocomplete="off" />
    </label>
  </fieldset>`
}
