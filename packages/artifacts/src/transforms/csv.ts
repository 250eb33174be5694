/** Bounds of {@link parseCsv}. */
export interface CsvBounds {
  readonly separator: string
  readonly maxRows: number
  readonly maxColumns: number
}

/** The beginning of a table. */
export interface CsvTable {
  readonly rows: readonly (readonly string[])[]
  readonly hasMoreRows: boolean
  readonly hasMoreColumns: boolean
}

/**
 * Reads comma-separated values after RFC 4180. Total: a quote inside of a bare field is a character, and text after a closing quote
 * belongs to the field. Lines may end in any way.
 */
export function parseCsv(text: string, { separator, maxRows, maxColumns }: CsvBounds): CsvTable {
  const rows: string[][] = []
  let row: string[] = []
  let hasMoreColumns = false
  let at = 0
  while (at < text.length) {
    if (rows.length === maxRows) return { rows, hasMoreRows: true, hasMoreColumns }
    const { field, end } = readField(text, at, separator)
    if (row.length < maxColumns) row.push(field)
    else hasMoreColumns = true
    at = end
    if (text[at] === separator) {
      at += 1
      if (at < text.length) continue
      if (row.length < maxColumns) row.push('')
    }
    if (text.startsWith('\r\n', at)) at += 2
    else at += 1
    rows.push(row)
    row = []
  }
  return { rows, hasMoreRows: false, hasMoreColumns }
}

/** The field that begins here, and where it ends: at a separator, a line's end or the end. */
function readField(
  text: string,
  start: number,
  separator: string,
): { readonly field: string; readonly end: number } {
  let field = ''
  let at = start
  if (text[at] === '"') {
    const pieces: string[] = []
    let from = at + 1
    for (;;) {
      const quote = text.indexOf('"', from)
      if (quote === -1) return { field: [...pieces, text.slice(from)].join('"'), end: text.length }
      pieces.push(text.slice(from, quote))
      from = quote + 2
      if (text[quote + 1] === '"') continue
      field = pieces.join('"')
      at = quote + 1
      break
    }
  }
  const end = endOfBare(text, at, separator)
  return { field: field + text.slice(at, end), end }
}

function endOfBare(text: string, start: number, separator: string): number {
  let at = start
  while (at < text.length) {
    const character = text[at]
    if (character === separator || character === '\n' || character === '\r') break
    at += 1
  }
  return at
}
