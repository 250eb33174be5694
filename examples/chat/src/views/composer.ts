import { randomUUID } from 'node:crypto'
import { html, trustedHtml, type Html } from '@turnstead/reply/turbo'
import type { Choices } from '../agent/choices.js'
import { icon } from './atoms/icons.js'

/** Longest prompt that is taken, in UTF-16 units. */
export const maxPromptLength = 32_000

/** Most bytes of one file, and most files of one message. */
export const maxFileBytes = 20_000_000
export const maxFiles = 10

export interface ComposerOptions {
  /** Null on the first page: there the prompt starts a conversation. */
  readonly conversationId: number | null
  /** The turn that the stop button stops; null shows the send button alone. */
  readonly runningTurnId: number | null
  readonly choices: Choices
  /** What was chosen for the message before. */
  readonly chosen: { readonly model: string | null; readonly agent: string | null }
  /** The message that is asked again in other words. */
  readonly edited?: EditedMessage | null
}

export interface EditedMessage {
  readonly id: number
  readonly text: string
  /** Names of the files that came with it, and go with it again. */
  readonly files: readonly string[]
}

export function composer(options: ComposerOptions): Html {
  const { conversationId, runningTurnId, choices, chosen, edited = null } = options
  const action =
    conversationId === null ? '/conversations' : `/conversations/${conversationId}/messages`
  return html`<form
    class="composer"
    id="composer"
    method="post"
    action="${action}"
    enctype="multipart/form-data"
    data-max-files="${maxFiles}"
    data-max-bytes="${maxFileBytes}"
  >
    <div class="editing" id="editing" ${edited === null && html`hidden`}>
      <p id="editing-says">
        <b>Editing an earlier message.</b> The agent goes back to before it: what followed is folded
        away and forgotten. Files in its folder stay.
        <span id="editing-files">${filesSaid(edited?.files ?? [])}</span>
      </p>
      <input type="hidden" name="replaces" value="${edited?.id ?? ''}" />
      <a class="button" href="${conversationId === null ? '/' : `/conversations/${conversationId}`}" data-cancel-edit>Cancel</a>
    </div>
    ${sendKey()}
    <label class="visually-hidden" for="prompt">Your message</label>
    <textarea
      id="prompt"
      name="prompt"
      rows="1"
      dir="auto"
      maxlength="${maxPromptLength}"
      placeholder="${conversationId === null ? 'Describe a task or ask a question' : 'Reply'}"
      aria-describedby="composer-problem${edited !== null && html` editing-says`}"
      required
      autofocus
    >
${edited?.text ?? ''}</textarea
    >
    <ul class="attached" id="attached" aria-label="Attachments" hidden></ul>
    <p class="uploading" id="uploading" hidden>
      <span role="status"></span>
      <button type="button" class="quiet" data-cancel-upload>Cancel</button>
    </p>
    <p class="problem" id="composer-problem" role="alert"></p>
    <button type="button" class="button send-again" id="send-again" hidden>Try again</button>
    <div class="bar">
      <label class="attach" title="Attach files: at most ${maxFiles} of ${maxFileBytes / 1e6} MB each">
        ${icon('clip')}<span class="visually-hidden">Attach files</span>
        <input type="file" name="files" multiple />
      </label>
      ${select('model', 'Model', choices.models, chosen.model)}
      ${select('agent', 'Agent', choices.agents, chosen.agent)}
      ${composerAction(runningTurnId)}
    </div>
  </form>`
}

/** What is sent twice with the same one, because it was pressed twice or no answer came, is one message. */
export function sendKey(): Html {
  return html`<input type="hidden" name="key" value="${randomUUID()}" autocomplete="off" />`
}

function filesSaid(files: readonly string[]): string {
  return files.length === 0 ? '' : `With it again: ${files.join(', ')}.`
}

/** Nothing where there is nothing to choose. */
function select(
  name: string,
  label: string,
  options: readonly { readonly value: string; readonly label: string }[],
  chosen: string | null,
): Html | null {
  if (options.length < 2) return null
  return html`<label class="choice">
    <span class="visually-hidden">${label}</span>
    <select name="${name}">
      <option value="">${label}</option>
      ${options.map(
        (option) =>
          html`<option value="${option.value}" ${option.value === chosen && trustedHtml('selected')}>
            ${option.label}
          </option>`,
      )}
    </select>
  </label>`
}

/** Send; and while a turn runs how the message is to reach the agent, and stop. */
export function composerAction(runningTurnId: number | null): Html {
  const send = html`<button class="action" data-kind="send" aria-label="Send">
    ${icon('arrowUp')}
  </button>`
  if (runningTurnId === null) {
    return html`<div class="actions" id="composer-action">${send}</div>`
  }
  return html`<div class="actions" id="composer-action" data-running="${runningTurnId}">
    <label class="choice delivery">
      <span class="visually-hidden">When the agent gets it</span>
      <select name="delivery">
        <option value="queue">After this answer</option>
        <option value="steer">With its next step</option>
      </select>
    </label>
    ${send}
    <button
      class="action"
      data-kind="stop"
      form="stop"
      formaction="/messages/${runningTurnId}/stop"
      aria-label="Stop"
      title="Stop (Esc)"
      aria-keyshortcuts="Escape"
    >
      ${icon('square')}
    </button>
  </div>`
}
