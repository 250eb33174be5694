interface Line {
  readonly mark: ' ' | '-' | '+'
  readonly text: string
}

/** A unified diff with its counts. */
export interface LineDiff {
  /** Hunks only, without the file header. */
  readonly hunks: string
  readonly additions: number
  readonly deletions: number
}

/**
 * Compares two texts line by line, with `context` equal lines around each change (default 4); with headers as git has
 * them, or as the server's tools.
 */
export function diffLines(before: string, after: string, context = 4, isGit = false): LineDiff {
  const lines = align(split(before), split(after))
  const changes = lines.flatMap((line, index) => (line.mark === ' ' ? [] : [index]))
  const hunks: string[] = []
  let position = 0
  while (position < changes.length) {
    const first = changes[position] ?? 0
    let last = first
    for (
      let next = changes[position];
      next !== undefined && next <= last + context * 2 + 1;
      next = changes[position]
    ) {
      last = next
      position += 1
    }
    const start = Math.max(0, first - context)
    hunks.push(hunk(lines, start, Math.min(lines.length, last + context + 1), isGit))
  }
  return {
    hunks: hunks.join(''),
    additions: lines.filter((line) => line.mark === '+').length,
    deletions: lines.filter((line) => line.mark === '-').length,
  }
}

/** A whole patch of one file, in the form that the server's tools show. */
export function filePatch(
  name: string,
  before: string,
  after: string,
  { tab = '', context = 4 }: { readonly tab?: string; readonly context?: number } = {},
): string {
  const rule = '='.repeat(67)
  const { hunks } = diffLines(before, after, context)
  const shown = tab === '' ? withoutIndent(hunks) : hunks
  return `Index: ${name}\n${rule}\n--- ${name}${tab}\n+++ ${name}${tab}\n${shown}`
}

/** Tools leave out of their patches by how much every line is indented. */
function withoutIndent(hunks: string): string {
  const lines = hunks.split('\n')
  const isShown = (line: string): boolean => /^[+\- ]/u.test(line) && !/^(?:---|\+\+\+)/u.test(line)
  const filled = lines.filter((line) => isShown(line) && line.slice(1).trim() !== '')
  const least = Math.min(...filled.map((line) => /^.(\s*)/u.exec(line)?.[1]?.length ?? 0))
  if (filled.length === 0 || least === 0) return hunks
  return lines
    .map((line) => (isShown(line) ? line.slice(0, 1) + line.slice(1 + least) : line))
    .join('\n')
}

function split(text: string): readonly string[] {
  return text.match(/[^\n]*\n|[^\n]+$/gu) ?? []
}

function hunk(lines: readonly Line[], start: number, end: number, isGit: boolean): string {
  const count = (until: number, mark: '-' | '+'): number =>
    lines.slice(0, until).filter((line) => line.mark !== mark).length
  const shown = lines.slice(start, end)
  const old = shown.filter((line) => line.mark !== '+').length
  const fresh = shown.filter((line) => line.mark !== '-').length
  const oldStart = count(start, '+') + (old === 0 ? 0 : 1)
  const freshStart = count(start, '-') + (fresh === 0 ? 0 : 1)
  const body = shown.map((line) =>
    line.text.endsWith('\n')
      ? `${line.mark}${line.text}`
      : `${line.mark}${line.text}\n\\ No newline at end of file\n`,
  )
  const range = (from: number, length: number): string =>
    isGit && length === 1 ? String(from) : `${from},${length}`
  const head = `@@ -${range(oldStart, old)} +${range(freshStart, fresh)} @@`
  return `${head}${isGit ? headingOf(lines.slice(0, start)) : ''}\n${body.join('')}`
}

/** The line above that git takes for the name of what a hunk is in. */
function headingOf(above: readonly Line[]): string {
  const found = above.findLast(({ mark, text }) => mark !== '+' && /^[a-z_$]/iu.test(text))
  return found ? ` ${found.text.slice(0, 80).trimEnd()}` : ''
}

/** Longest common subsequence; texts of tests are short. */
function align(before: readonly string[], after: readonly string[]): readonly Line[] {
  const width = after.length + 1
  const lengths = new Uint32Array((before.length + 1) * width)
  for (let row = before.length - 1; row >= 0; row -= 1) {
    for (let column = after.length - 1; column >= 0; column -= 1) {
      lengths[row * width + column] =
        before[row] === after[column]
          ? (lengths[(row + 1) * width + column + 1] ?? 0) + 1
          : Math.max(
              lengths[(row + 1) * width + column] ?? 0,
              lengths[row * width + column + 1] ?? 0,
            )
    }
  }
  const lines: Line[] = []
  let row = 0
  let column = 0
  while (row < before.length || column < after.length) {
    const old = before[row]
    const fresh = after[column]
    if (old !== undefined && old === fresh) {
      lines.push({ mark: ' ', text: old })
      row += 1
      column += 1
    } else if (
      old !== undefined &&
      (fresh === undefined ||
        (lengths[(row + 1) * width + column] ?? 0) >= (lengths[row * width + column + 1] ?? 0))
    ) {
      lines.push({ mark: '-', text: old })
      row += 1
    } else if (fresh !== undefined) {
      lines.push({ mark: '+', text: fresh })
      column += 1
    }
  }
  return lines
}
