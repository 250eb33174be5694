import { namedBySuffix, type Transform } from './transform.js'
import { parseCsv } from './csv.js'
import { checkCount, escapeHtml, toPage, toText } from './page.js'

/** Options of {@link csvPreview}. */
export interface CsvPreviewOptions {
  /** Most rows to show, the first, with the names of columns, included. Default: 200. */
  readonly maxRows?: number | undefined
  /** Most columns. Default: 50. */
  readonly maxColumns?: number | undefined
  /** Most characters of a cell. Default: 500. */
  readonly maxCellLength?: number | undefined
  /** Most bytes of the file to read. Default: 1 MiB. */
  readonly maxBytes?: number | undefined
}

/**
 * The beginning of a `.csv` or `.tsv` as a table: `sales.csv` gets `sales.csv.html`. A cell that a spreadsheet would take for a formula is
 * shown behind an apostrophe, so that it stays text where the table is pasted.
 *
 * @throws RangeError for a bound that is no whole number above 0.
 */
export function csvPreview(options: CsvPreviewOptions = {}): Transform {
  const maxRows = checkCount('maxRows', options.maxRows ?? 200)
  const maxColumns = checkCount('maxColumns', options.maxColumns ?? 50)
  const maxCellLength = checkCount('maxCellLength', options.maxCellLength ?? 500)
  const toCell = (field: string): string => escapeHtml(harmless(cut(field, maxCellLength)))
  return {
    name: 'csv-preview',
    maxSourceBytes: checkCount('maxBytes', options.maxBytes ?? 1_048_576),
    ...namedBySuffix({ from: ['.csv', '.tsv'], add: '.html' }),
    render: ({ name, bytes, isCut }) => {
      const separator = /\.tsv$/i.test(name) ? '\t' : ','
      const { rows, hasMoreRows, hasMoreColumns } = parseCsv(toText(bytes, isCut), {
        ...{ separator, maxRows, maxColumns },
      })
      const lines = rows.map((row, index) => {
        const tag = index === 0 ? 'th' : 'td'
        return `<tr>${row.map((field) => `<${tag}>${toCell(field)}</${tag}>`).join('')}</tr>`
      })
      const notes = []
      if (hasMoreRows || isCut) notes.push(`Only the first ${rows.length} rows are shown.`)
      if (hasMoreColumns) notes.push(`Only the first ${maxColumns} columns are shown.`)
      return toPage({ name, body: `<table>\n${lines.join('\n')}\n</table>`, notes })
    },
  }
}

const number = /^[+-]?[\d.,]+(?:e[+-]?\d+)?%?$/i

function harmless(field: string): string {
  const isFormula = /^[\s]*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]/.test(field)
  return isFormula && !number.test(field.trim()) ? `'${field}` : field
}

function cut(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text
  return `${text.slice(0, maxLength).replace(/[\ud800-\udbff]$/, '')}…`
}
