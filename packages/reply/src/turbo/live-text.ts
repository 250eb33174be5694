import { turboStream } from './action.js'
import { createBlockSplitter } from './block-splitter.js'
import { html } from './html.js'
import type { Html } from './html.js'

/** A tail up to this length is rendered again with every change; a longer one only grows as plain text. */
const maxRenderedTail = 4_000

/** Finished blocks are put together up to about this length, so that a page can leave out what is not looked at. */
const chunkLength = 16_000

/** How much of the end of what is shown is compared, to notice a text that did not just grow. */
const guardLength = 64

/** One text that is being written: finished blocks stay as they are, only the tail changes. */
export interface LiveText {
  /** What a page needs to show this text, given what it showed before; `null` when the text did not just grow. */
  update(text: string): readonly Html[] | null
  /** The same for the last time: what is shown as it was written is rendered too. The blocks that are there stay. */
  end(text: string): readonly Html[] | null
  /** The same as one piece, for a page that comes later. */
  view(): Html
}

/**
 * Shows a text while it is written, at a cost for each delta that does not grow with the text.
 *
 * @param elementId - Names the elements; unique in the page.
 * @param render - Renders a part of the text, for example Markdown.
 */
export function createLiveText(elementId: string, render: (source: string) => Html): LiveText {
  const splitter = createBlockSplitter()
  let shown = ''
  let finishedLength = 0
  /** Where each chunk but the first begins. */
  const chunks: number[] = []
  let isPlain = false

  const tailView = (tail: string): Html => {
    if (!isPlain) return render(tail)
    if (!splitter.isFenced) return html`<p class="raw" id="${elementId}-end">${tail}</p>`
    const code = tail.slice(tail.indexOf('\n') + 1)
    return html`<pre><code id="${elementId}-end">${code}</code></pre>`
  }

  const append = (block: Html): Html => {
    if (finishedLength - (chunks.at(-1) ?? 0) < chunkLength) {
      const target = chunks.length === 0 ? 'blocks' : `chunk-${chunks.length}`
      return turboStream('append', `${elementId}-${target}`, block)
    }
    chunks.push(finishedLength)
    return turboStream('append', `${elementId}-blocks`, chunkView(chunks.length, block))
  }
  const chunkView = (number: number, blocks: Html): Html =>
    html`<div class="chunk" id="${elementId}-chunk-${number}">${blocks}</div>`

  return {
    update(text) {
      const guard = shown.slice(-guardLength)
      if (text.length < shown.length || !text.startsWith(guard, shown.length - guard.length))
        return null
      if (text.length === shown.length) return []
      const changes: Html[] = []
      const added = text.slice(shown.length)
      shown = text
      splitter.advance(text)

      if (splitter.finishedLength > finishedLength) {
        const block = text.slice(finishedLength, splitter.finishedLength)
        changes.push(append(render(block)))
        finishedLength = splitter.finishedLength
        isPlain = false
      }
      const tail = text.slice(finishedLength)
      if (isPlain) return [...changes, turboStream('append', `${elementId}-end`, added)]
      isPlain = tail.length > maxRenderedTail
      changes.push(turboStream('update', tailId(elementId), tailView(tail)))
      return changes
    },
    end(text) {
      const changes = this.update(text)
      if (changes === null) return null
      const tail = text.slice(finishedLength)
      return [...changes, turboStream('update', tailId(elementId), render(tail))]
    },
    view() {
      const ends = [...chunks, finishedLength]
      const blocks =
        finishedLength > 0 &&
        ends.map((end, index) => {
          const chunk = render(shown.slice(chunks[index - 1] ?? 0, end))
          return index === 0 ? chunk : chunkView(index, chunk)
        })
      const tail = tailView(shown.slice(finishedLength))
      return html`<div class="blocks" id="${elementId}-blocks">${blocks}</div>
        <div class="tail" id="${tailId(elementId)}">${tail}</div>`
    },
  }
}

/** The id of the element that a live text changes; where it is not in the page, nothing of it is. */
export function tailId(elementId: string): string {
  return `${elementId}-tail`
}
