import type { Ask, PermissionAsk, Question, ToolPart } from '@turnstead/reply'
import { describeTool } from '@turnstead/reply/tool-display'
import { html, type AskContext, type Html } from '@turnstead/reply/turbo'
import { showInvisible } from './atoms/format.js'
import { icon } from './atoms/icons.js'
import { diffLines } from './tools/diff.js'

/** A permission or question that waits for the reader, with the call that raised it where it is known. */
export function askForm(turnId: number, ask: Ask, { elementId, call }: AskContext): Html {
  const isQuestion = ask.kind === 'question'
  return html`<form
    class="ask"
    method="post"
    action="/messages/${turnId}/asks/${encodeURIComponent(ask.id)}"
    aria-labelledby="${elementId}-wish"
    data-ask
  >
    <h3 id="${elementId}-wish">
      ${icon(isQuestion ? 'question' : 'warning')}
      <span>The agent ${isQuestion ? questionWish(ask.questions) : permissionWish(ask)}</span>
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

function questionWish(questions: readonly Question[]): string {
  return questions.length > 1 ? `asks you ${questions.length} questions` : 'asks you'
}

const wishes: Readonly<Record<string, string>> = {
  bash: 'wants to run a command',
  edit: 'wants to change a file',
  webfetch: 'wants to open a page of the web',
  websearch: 'wants to search the web',
  external_directory: 'wants to leave its folder',
  doom_loop: 'has made the same call again and again, and wants to go on',
}

function permissionWish({ permission }: PermissionAsk): string {
  return wishes[permission] ?? `wants to use “${showInvisible(permission || 'a tool')}”`
}

/** All of it, however long: what is allowed has to be seen. The patterns alone leave out, say, where a command's output goes. */
function permissionFacts(ask: PermissionAsk, call: ToolPart | null): readonly Html[] {
  const facts = factsOf(ask, call)
  const said = new Set<string>()
  return facts
    .filter(([, text]) => {
      // The pattern of a command is mostly the command: nothing is said twice.
      const isNew = text.trim() !== '' && !said.has(text.trim())
      said.add(text.trim())
      return isNew
    })
    .map(([label, text]) => fact(label, text))
}

function fact(label: string, text: string): Html {
  const shown = showInvisible(text)
  return html`<p class="label">${label}</p>
    ${
      label === 'Change'
        ? html`<pre class="diff" tabindex="0" dir="ltr">${diffLines(shown)}</pre>`
        : html`<pre tabindex="0" dir="ltr">${shown}</pre>`
    }`
}

function factsOf(
  { patterns, metadata }: PermissionAsk,
  call: ToolPart | null,
): readonly (readonly [label: string, text: string])[] {
  const planned = metadata?.['diff']
  const asked = patterns.join('\n')
  if (call === null) {
    return [['For', asked], ...(typeof planned === 'string' ? [['Change', planned] as const] : [])]
  }
  const { diff, fields } = describeTool(call)
  const change = typeof planned === 'string' ? planned : diff
  // What a change does is in its diff, and before and after of it are the same once more.
  const given =
    change === null
      ? fields.map(({ label, text }) => [label, text] as const)
      : [['Change', change] as const]
  const [[, first] = ['', '']] = given
  return [
    ...(first.includes(asked) ? [] : [[change === null ? 'For' : 'File', asked] as const]),
    ...given,
  ]
}

function questionField({ text, options, multiple, custom }: Question, index: number): Html {
  // Where own words are taken too, only a script or the server can see that there is no answer at all.
  const isRequired = !custom && !multiple
  return html`<fieldset data-question>
    <legend dir="auto">${text}</legend>
    ${multiple && html`<p class="kept">Several may be chosen.</p>`}
    ${options.map(
      ({ label, description }) =>
        html`<label class="option">
          <input
            type="${multiple ? 'checkbox' : 'radio'}"
            name="answer-${index}"
            value="${label}"
            ${isRequired && html`required`}
          />
          <span dir="auto"><b>${label}</b> ${description !== label && html`<small>${description}</small>`}</span>
        </label>`,
    )}
    ${
      custom &&
      html`<label class="words">
        <span>${options.length === 0 ? 'Your answer' : 'In your own words'}</span>
        <input
          type="text"
          name="words-${index}"
          maxlength="2000"
          autocomplete="off"
          dir="auto"
          ${options.length === 0 && html`required`}
        />
      </label>`
    }
  </fieldset>`
}
