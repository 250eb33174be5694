import { toFileName } from '../file-name.js'

/** A page of the host's. */
export interface Page {
  /** The agent's name of the file, shown as the title. */
  readonly name: string
  /** Markup, safe already. */
  readonly body: string
  /** Said below the body: what is left out. */
  readonly notes: readonly string[]
}

/** The page holds its policy itself, so that a saved copy is as harmless as one that `serve` answers with. */
const policy = "default-src 'none'; style-src 'unsafe-inline'"

const style =
  'body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;overflow-wrap:anywhere}' +
  'pre,table{overflow:auto;font-size:.875rem}pre{white-space:pre-wrap}' +
  'table{border-collapse:collapse;display:block}td,th{border:1px solid #8888;padding:.25rem .5rem;text-align:left;vertical-align:top}' +
  '@media(prefers-color-scheme:dark){body{background:#111;color:#eee}a{color:#8cf}}'

/** A whole document, in UTF-8. */
export function toPage({ name, body, notes }: Page): Buffer {
  const title = escapeHtml(toFileName(name))
  const footer = notes.map((note) => `<p><em>${escapeHtml(note)}</em></p>\n`).join('')
  return Buffer.from(
    `<!doctype html>\n<html>\n<head>\n<meta charset="utf-8">\n` +
      `<meta http-equiv="Content-Security-Policy" content="${policy}">\n` +
      `<meta name="referrer" content="no-referrer">\n` +
      `<meta name="viewport" content="width=device-width">\n` +
      `<title>${title}</title>\n<style>${style}</style>\n</head>\n` +
      `<body>\n<main>\n${body}\n${footer}</main>\n</body>\n</html>\n`,
  )
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '')
}

/** Bytes as text: UTF-8, without its mark; what is none shows as replacement characters, NUL too. */
export function toText(bytes: Uint8Array, isCut: boolean): string {
  // A character that the cut went through is left out, not replaced.
  const text = new TextDecoder('utf-8').decode(bytes, { stream: isCut })
  return text.replaceAll('\0', '\ufffd')
}

export function checkCount(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new RangeError(`\`${name}\` must be a whole number above 0.`)
}
