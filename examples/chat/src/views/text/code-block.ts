import { html, type Html } from '@turnstead/reply/turbo'
import { icon } from '../atoms/icons.js'
import { highlight, languageName } from './highlight.js'

/** Code with the name of its language, its colours, and a button that copies it where scripts run. */
export function codeBlock(code: string, language: string | null): Html {
  return html`<figure class="code" dir="ltr">
    <figcaption>
      <span>${language === null ? 'Text' : languageName(language)}</span>
      <button type="button" class="copy" data-copy="code">${icon('copy')} <span>Copy</span></button>
    </figcaption>
    <pre tabindex="0"><code>${highlight(code, language)}</code></pre>
  </figure>`
}
