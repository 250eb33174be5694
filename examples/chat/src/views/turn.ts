import { html, type Html } from '@turnstead/reply/turbo'
import { formatBytes, formatCost, formatCount, formatDuration } from './format.js'
import { icon } from './icons.js'

/** Everything the page shows of one turn. */
export interface TurnView {
  readonly id: number
  readonly prompt: string
  /** Files that came with the prompt. */
  readonly uploads: readonly FileView[]
  /** It may still change. */
  readonly isOpen: boolean
  readonly parts: Html
  readonly asks: Html
  readonly files: readonly FileView[]
  readonly standing: Standing
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
  | { readonly kind: 'live'; readonly tone: 'calm' | 'warn'; readonly text: string }
  | {
      readonly kind: 'over'
      readonly note: { readonly tone: 'plain' | 'bad'; readonly text: string } | null
      readonly cost: number
      readonly inputTokens: number
      readonly outputTokens: number
      readonly durationMs: number | null
    }

export const turnElementId = (id: number): string => `turn-${id}`
export const partsElementId = (id: number): string => `turn-${id}-parts`
export const asksElementId = (id: number): string => `turn-${id}-asks`
export const filesElementId = (id: number): string => `turn-${id}-files`
export const standingElementId = (id: number): string => `turn-${id}-standing`

export function turnArticle(turn: TurnView): Html {
  // No white space between these: the style sheet asks which of them are empty.
  return html`<article class="turn" id="${turnElementId(turn.id)}">
    <h2 class="visually-hidden">You</h2>
    <div class="prompt">${turn.prompt}</div>
    ${turn.uploads.length > 0 && uploadList(turn.uploads)}
    <h2 class="visually-hidden">The agent</h2>
    <div class="reply">
      <div class="parts" id="${partsElementId(turn.id)}">${turn.parts}</div>
      ${fileList(turn.id, turn.files)}
      <div class="asks" id="${asksElementId(turn.id)}">${turn.asks}</div>
      <div class="standing" id="${standingElementId(turn.id)}" role="status">
        ${standingLine(turn.standing)}
      </div>
    </div>
  </article>`
}

export function fileList(turnId: number, files: readonly FileView[]): Html {
  return html`<ul class="files" id="${filesElementId(turnId)}" aria-label="Files">
    ${files.map(fileItem)}
    ${
      files.length > 1 &&
      html`<li>
        <a class="file" href="/messages/${turnId}/files.zip" download data-turbo="false">
          <span class="badge">${icon('download')}</span>
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
    <a class="file" href="${href}" download data-turbo="false">
      <span class="badge">${isPicture ? picture : icon('file')}</span>
      <span class="label"><b>${name}</b><small>${formatBytes(sizeBytes)}</small></span>
      ${icon('download')}
    </a>
  </li>`
}

/** Goes into an element that stays: screen readers tell only what changes within one. */
export function standingLine(standing: Standing): Html {
  return standing.kind === 'live' ? liveLine(standing) : overLine(standing)
}

function liveLine({ tone, text }: Standing & { kind: 'live' }): Html {
  return html`<p class="live" data-tone="${tone}"><i class="pulse"></i> ${text}</p>`
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
    <ul class="facts">
      ${facts.map((fact) => fact !== false && html`<li>${fact}</li>`)}
    </ul>`
}
