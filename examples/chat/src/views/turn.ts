import { html, trustedHtml, turboStream, type Html } from '@turnstead/reply/turbo'
import { formatBytes, formatCost, formatCount, formatDuration } from './atoms/format.js'
import type { ContextMeter } from './context-meter.js'
import { chevron, icon } from './atoms/icons.js'

/** Everything the page shows of one turn. */
export interface TurnView {
  readonly id: number
  readonly conversationId: number
  readonly prompt: string
  /** When it was written, in epoch milliseconds. */
  readonly at: number
  /** What was chosen to answer it, in words; null for the default. */
  readonly chosen: string | null
  /** Another one was asked in its place: it is folded. */
  readonly isReplaced: boolean
  /** Files that came with the prompt. */
  readonly uploads: readonly FileView[]
  /** It is not over. */
  readonly isOpen: boolean
  /** It is not over, or what follows the end is still to come, such as its files. */
  readonly mayChange: boolean
  readonly parts: Html
  readonly asks: Html
  readonly files: readonly FileView[]
  readonly standing: Standing
  /** What of its model's context is in use after it; null where that is not known. */
  readonly context: ContextMeter | null
}

export interface FileView {
  readonly href: string
  readonly name: string
  readonly sizeBytes: number
  /** A browser may show it in place. */
  readonly isPicture: boolean
}

/** Where a turn stands: at work, or over with its facts. */
export type Standing =
  | {
      readonly kind: 'live'
      readonly tone: 'calm' | 'warn'
      readonly text: string
      /** No one has begun it: it can be taken back. */
      readonly isWaiting?: boolean
    }
  | {
      readonly kind: 'over'
      readonly note: { readonly tone: 'plain' | 'bad'; readonly text: string } | null
      readonly cost: number
      readonly inputTokens: number
      readonly outputTokens: number
      readonly durationMs: number | null
    }

/** A longer one is scrolled in its own box, so that its answer is not far away. */
const longPrompt = 1_500

export const turnElementId = (id: number): string => `turn-${id}`
const partsElementId = (id: number): string => `turn-${id}-parts`
export const asksElementId = (id: number): string => `turn-${id}-asks`
export const filesElementId = (id: number): string => `turn-${id}-files`
export const standingElementId = (id: number): string => `turn-${id}-standing`

export function turnArticle(turn: TurnView): Html {
  const { id, isReplaced } = turn
  if (!isReplaced) {
    return html`<article class="turn" id="${turnElementId(id)}">${turnContent(turn)}</article>`
  }
  return html`<article class="turn replaced" id="${turnElementId(id)}">
    <details id="${turnElementId(id)}-earlier">
      <summary>
        ${icon('history')} <span>Earlier version</span> <span class="title" dir="auto">${turn.prompt.slice(0, 200)}</span> ${chevron()}
      </summary>
      ${turnContent(turn)}
    </details>
  </article>`
}

/** Above the turn that was asked in their place. */
export function replacedChanges(turns: readonly TurnView[]): Html[] {
  return turns.map((turn) => turboStream('replace', turnElementId(turn.id), turnArticle(turn)))
}

function turnContent(turn: TurnView): Html {
  // No white space between these: the style sheet asks which of them are empty.
  return html`<h2 class="visually-hidden">You</h2>
    <div class="prompt" dir="auto"${turn.prompt.length > longPrompt && html` tabindex="0"`}>${turn.prompt}</div>
    ${turn.uploads.length > 0 && uploadList(turn.uploads)} ${promptLine(turn)}
    <h2 class="visually-hidden">The agent</h2>
    <div class="reply">
      <div class="parts" id="${partsElementId(turn.id)}">${turn.parts}</div>
      ${fileList(turn.id, turn.files)}
      <div class="asks" id="${asksElementId(turn.id)}">${turn.asks}</div>
      <div class="reply-end">
        <div class="standing" id="${standingElementId(turn.id)}" role="status">
          ${standingLine(turn.standing)}
        </div>
        ${turnActions(turn)}
      </div>
    </div>`
}

/** When it was written, what was chosen for it, and what can still be done with it: the style sheet shows what fits its standing. */
function promptLine({ id, conversationId, at, chosen, uploads }: TurnView): Html {
  const time = new Date(at).toISOString()
  return html`<div class="prompt-line">
    ${chosen !== null && html`<span>${chosen}</span>`}
    <time datetime="${time}" data-time>${time.slice(0, 16).replace('T', ' ')} UTC</time>
    <form class="withdraw" method="post" action="/messages/${id}/withdraw">
      <button class="quiet">${icon('cross')} Take back</button>
    </form>
    <a
      class="quiet edit"
      href="/conversations/${conversationId}?edit=${id}#composer"
      data-edit="${id}"
      data-files="${uploads.map(({ name }) => name).join(', ')}"
      aria-label="Edit and ask again"
      title="Edit and ask again"
      >${icon('edit')}</a
    >
  </div>`
}

/** What can be done with an answer that is over. */
function turnActions({ id }: TurnView): Html {
  return html`<div class="turn-actions">
    <a class="quiet copy-answer" href="/messages/${id}/answer.md" data-copy="answer" data-turbo="false"
      >${icon('copy')} <span>Copy</span></a
    >
    <form method="post" action="/messages/${id}/again">
      <button class="quiet again">${icon('repeat')} <span>Ask again</span></button>
    </form>
  </div>`
}

export function fileList(turnId: number, files: readonly FileView[]): Html {
  return html`<ul class="files" id="${filesElementId(turnId)}" aria-label="Files of the agent">
    ${files.map(fileItem)}
    ${
      files.length > 1 &&
      html`<li>
        <a class="file" href="/messages/${turnId}/files.zip" download data-turbo="false">
          <span class="thumb">${icon('download')}</span>
          <span class="label"><b>All files</b><small>ZIP</small></span>
        </a>
      </li>`
    }
  </ul>`
}

function uploadList(files: readonly FileView[]): Html {
  return html`<ul class="files uploads" aria-label="Attached files">
    ${files.map(fileItem)}
  </ul>`
}

function fileItem({ href, name, sizeBytes, isPicture }: FileView): Html {
  const picture = html`<img src="${href}?show" alt="" loading="lazy" />`
  return html`<li>
    <a class="file" href="${href}" download data-turbo="false" ${isPicture && trustedHtml('data-picture')}>
      <span class="thumb">${isPicture ? picture : icon('file')}</span>
      <span class="label"><b>${name}</b><small>${formatBytes(sizeBytes)}</small></span>
      ${icon('download')}
    </a>
  </li>`
}

/** Goes into an element that stays: screen readers tell only what changes within one. */
export function standingLine(standing: Standing): Html {
  return standing.kind === 'live' ? liveLine(standing) : overLine(standing)
}

function liveLine({ tone, text, isWaiting = false }: Standing & { kind: 'live' }): Html {
  return html`<p class="live" data-tone="${tone}" ${isWaiting && trustedHtml('data-waiting')}>
    <i class="pulse"></i> ${text}
  </p>`
}

function overLine(standing: Standing & { kind: 'over' }): Html {
  const { note, cost, inputTokens, outputTokens, durationMs } = standing
  const facts = [
    inputTokens + outputTokens > 0 &&
      `${formatCount(inputTokens)} tokens in, ${formatCount(outputTokens)} out`,
    cost > 0 && formatCost(cost),
    durationMs !== null && formatDuration(durationMs),
  ]
  return html`${
    note !== null &&
    html`<p class="note" data-tone="${note.tone}">
        ${icon(note.tone === 'bad' ? 'warning' : 'info')} <span>${note.text}</span>
      </p>`
  }
    <p class="visually-hidden">The answer is over.</p>
    <ul class="facts">
      ${facts.map((fact) => fact !== false && html`<li>${fact}</li>`)}
    </ul>`
}
