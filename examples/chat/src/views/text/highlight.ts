import { trustedHtml, html, type Html } from '@turnstead/reply/turbo'
import hljs from 'highlight.js/lib/common'

/** Longer code is shown without colours: they would cost more than they help. */
const maxLength = 40_000

/** Code with its colours, as classes; without any where the language is not known. */
export function highlight(code: string, language: string | null): Html {
  if (language === null || code.length > maxLength || hljs.getLanguage(language) === undefined) {
    return html`${code}`
  }
  // It escapes what it is given.
  return trustedHtml(hljs.highlight(code, { language, ignoreIllegals: true }).value)
}

/** How people write a language's name; what the model calls it where it is not known. */
export function languageName(language: string): string {
  return hljs.getLanguage(language)?.name?.split(',', 1)[0] ?? language
}
