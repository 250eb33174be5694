import { html, type Html } from '@turnstead/reply/turbo'
import { icon } from './icons.js'

/** Longest prompt that is taken, in UTF-16 units. */
export const maxPromptLength = 32_000

export interface ComposerOptions {
  /** Null on the first page: there the prompt starts a conversation. */
  readonly conversationId: number | null
  /** The turn that the stop button stops; null shows the send button. */
  readonly runningTurnId: number | null
}

export function composer({ conversationId, runningTurnId }: ComposerOptions): Html {
  const action =
    conversationId === null ? '/conversations' : `/conversations/${conversationId}/messages`
  return html`<form class="composer" id="composer" method="post" action="${action}" enctype="multipart/form-data">
    <label class="attach">
      ${icon('clip')}<span class="visually-hidden">Attach files</span>
      <input type="file" name="files" multiple />
    </label>
    <label class="visually-hidden" for="prompt">Your message</label>
    <textarea
      id="prompt"
      name="prompt"
      rows="1"
      maxlength="${maxPromptLength}"
      placeholder="${conversationId === null ? 'Describe a task or ask a question' : 'Reply'}"
      aria-describedby="composer-hint"
      required
      autofocus
    ></textarea>
    <output class="attached" for="files" hidden></output>
    <p class="composer-hint" id="composer-hint">To send, stop this answer or wait.</p>
    ${composerAction(runningTurnId)}
  </form>`
}

/** The one button of the prompt box: send while nothing runs, else stop. */
export function composerAction(runningTurnId: number | null): Html {
  if (runningTurnId === null) {
    return html`<button class="action" id="composer-action" data-kind="send" aria-label="Send">
      ${icon('arrowUp')}
    </button>`
  }
  return html`<button
    class="action"
    id="composer-action"
    data-kind="stop"
    formaction="/messages/${runningTurnId}/stop"
    formnovalidate
    aria-label="Stop"
  >
    ${icon('square')}
  </button>`
}
