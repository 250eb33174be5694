import { html, type Html } from '@turnstead/reply/turbo'
import { createBlockSplitter } from './block-splitter.js'
import { renderMarkdown } from './markdown.js'
import { turboStream } from './turbo-stream.js'

/** A tail up to this length is rendered anew with every change; a longer one only grows as plain text. */
const maxRenderedTail = 4_000

/** One text that is being written: finished blocks stay as they are, only the tail changes. */
export interface LiveText {
  /** What the page needs to show this text, given what it showed before. */
  update(text: string): Html[]
  /** The same as one piece, for a page that comes later. */
  view(): Html
}

/** @param elementId - Names the elements; unique in the page. */
export function createLiveText(elementId: string): LiveText {
  const splitter = createBlockSplitter()
  let shown = ''
  let settledLength = 0
  let isPlain = false

  const tailView = (tail: string): Html => {
    if (!isPlain) return renderMarkdown(tail)
    if (!splitter.isFenced) return html`<p class="raw" id="${elementId}-end">${tail}</p>`
    const code = tail.slice(tail.indexOf('\n') + 1)
    return html`<pre><code id="${elementId}-end">${code}</code></pre>`
  }

  return {
    update(text) {
      if (text === shown) return []
      const changes: Html[] = []
      const added = text.slice(shown.length)
      shown = text
      splitter.advance(text)

      if (splitter.settledLength > settledLength) {
        const block = text.slice(settledLength, splitter.settledLength)
        changes.push(turboStream('append', `${elementId}-blocks`, renderMarkdown(block)))
        settledLength = splitter.settledLength
        isPlain = false
      }
      const tail = text.slice(settledLength)
      if (isPlain) return [...changes, turboStream('append', `${elementId}-end`, added)]
      isPlain = tail.length > maxRenderedTail
      changes.push(turboStream('update', `${elementId}-tail`, tailView(tail)))
      return changes
    },
    view() {
      return html`<div class="blocks" id="${elementId}-blocks">
          ${settledLength > 0 && renderMarkdown(shown.slice(0, settledLength))}
        </div>
        <div class="tail" id="${elementId}-tail">${tailView(shown.slice(settledLength))}</div>`
    },
  }
}
