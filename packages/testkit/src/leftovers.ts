import type { Leftover } from './script/scenario.js'

/** A table of what never came and what came unasked. */
export function formatLeftovers(left: readonly Leftover[]): string {
  const rows = left.map((each) => [each.what, shorten(each.which), String(each.times)])
  const head = ['what', 'which', 'times']
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  )
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join(' | ')
      .trimEnd()
  const rule = widths.map((width) => '-'.repeat(width)).join('-|-')
  return [`The scenario was not played as written:`, line(head), rule, ...rows.map(line)].join('\n')
}

function shorten(which: string): string {
  const flat = which.replaceAll('\n', ' ')
  return flat.length > 60 ? `${flat.slice(0, 59)}…` : flat
}
