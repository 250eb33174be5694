import type { FileDisplay } from '@turnstead/reply/tool-display'
import { html, type Html } from '@turnstead/reply/turbo'
import { languageName, highlight } from '../text/highlight.js'
import { folded } from '../text/fold.js'

/** A file that was written whole. */
export function fileContent({ content, language }: FileDisplay, id: string): Html {
  return html`<p class="label">${language === null ? 'Text' : languageName(language)}</p>
    ${folded(content, { id: `${id}-file`, show: (text) => highlight(text, language) })}`
}
