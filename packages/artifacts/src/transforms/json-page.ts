import { namedBySuffix, type Transform } from './transform.js'
import { indentJson } from './indent-json.js'
import { checkCount, escapeHtml, toPage, toText } from './page.js'

/** Options of {@link jsonPage}. */
export interface JsonPageOptions {
  /** Most bytes of the file to read. Default: 512 KiB. */
  readonly maxBytes?: number | undefined
  /** Most characters to show. Default: 1 000 000. */
  readonly maxLength?: number | undefined
}

/**
 * A `.json` file, indented: `data.json` gets `data.json.html`. Numbers and doubled keys stay as they are written. What is no JSON is shown as
 * it is, with a note.
 *
 * @throws RangeError for a bound that is no whole number above 0.
 */
export function jsonPage(options: JsonPageOptions = {}): Transform {
  const maxLength = checkCount('maxLength', options.maxLength ?? 1_000_000)
  return {
    name: 'json-page',
    maxSourceBytes: checkCount('maxBytes', options.maxBytes ?? 524_288),
    ...namedBySuffix({ from: ['.json'], add: '.html' }),
    render: ({ name, bytes, isCut }) => {
      const text = toText(bytes, isCut)
      const isShownIndented = isCut || isJson(text)
      const shown = isShownIndented ? indentJson(text, maxLength) : text.slice(0, maxLength)
      const isShort = isCut || shown.length >= maxLength
      const notes = isShort ? ['Only the beginning is shown.'] : []
      if (!isShownIndented) notes.push('This is no valid JSON.')
      return toPage({ name, body: `<pre>\n${escapeHtml(shown)}</pre>`, notes })
    },
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
