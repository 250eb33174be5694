import { html, type Html } from '@turnstead/reply/turbo'
import { formatCount } from '../atoms/format.js'

/** So many lines of an output are seen before the reader opens the rest. */
const shownLines = 24
/** A page holds so much of one output; the whole is in the row. */
const maxLength = 60_000

export interface FoldOptions {
  /** Begins the ids of what can be opened, so that it stays open while the output grows. */
  readonly id: string
  /** Shows some lines. */
  readonly show: (text: string) => Html
  readonly className?: string
}

/** A long output by its first lines; the others are opened by the reader. */
export function folded(output: string, { id, show, className = '' }: FoldOptions): Html {
  const text = output.length > maxLength ? output.slice(0, maxLength) : output
  const hidden = output.length - text.length
  const lines = text.replace(/\n$/, '').split('\n')
  // Two or three lines are shown rather than offered.
  const isLong = lines.length > shownLines + 4
  const first = isLong ? lines.slice(0, shownLines) : lines
  const rest = isLong ? lines.slice(shownLines) : []
  const block = (some: readonly string[]): Html =>
    html`<pre class="${className}" tabindex="0" dir="ltr">${show(some.join('\n'))}</pre>`
  return html`${block(first)}${
    isLong &&
    html`<details class="more" id="${id}-more">
      <summary>${formatCount(rest.length)} more lines</summary>
      ${block(rest)}
    </details>`
  }${hidden > 0 && html`<p class="kept">${formatCount(hidden)} more characters are not shown.</p>`}`
}
