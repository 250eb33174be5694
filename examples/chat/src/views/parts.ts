import { html, type Html } from '../html.js'
import { renderMarkdown } from '../markdown.js'
import { icon } from './icons.js'

/** A part's element. The prefix keeps an id that the agent's server chose away from the page's own ids. */
export function partElementId(partId: string): string {
  return `part-${partId}`
}

export interface TextView {
  readonly elementId: string
  readonly kind: 'text' | 'reasoning'
  /** Rendered; while it is being written, by a live text. */
  readonly content: Html
  readonly isLive: boolean
  /** Seen on the stream, but lost by the server: kept by us. */
  readonly isKept: boolean
}

export function textPart({ elementId, kind, content, isLive, isKept }: TextView): Html {
  const note =
    isKept && html`<p class="kept">Interrupted here. The text is what was seen until then.</p>`
  if (kind === 'text') {
    return html`<div class="text" id="${elementId}"><div class="prose">${content}</div>${note}</div>`
  }
  return html`<details class="reasoning" id="${elementId}" ${isLive ? openAttribute : null}>
    <summary>${icon('thought')} ${isLive ? 'Thinking' : 'Thoughts'} ${chevron()}</summary>
    <div class="prose">${content}</div>
    ${note}
  </details>`
}

const openAttribute = html`open`

export function settledText(text: string): Html {
  return renderMarkdown(text)
}

export function chevron(): Html {
  return html`<span class="chevron">${icon('chevron')}</span>`
}
