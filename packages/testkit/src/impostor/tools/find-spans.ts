/** Texts of a file that an `edit` may mean by its `oldString`. */
export type FindSpans = (content: string, wanted: string) => Iterable<string>

/** How alike the middle of a block must be, of 1. */
const likeness = 0.65

const sum = (numbers: readonly number[]): number => numbers.reduce((all, each) => all + each, 0)

/** Every run of so many lines, as one text. */
function* windows(content: string, count: number): Iterable<readonly string[]> {
  const lines = content.split('\n')
  for (let at = 0; at <= lines.length - count; at += 1) yield lines.slice(at, at + count)
}

function linesOf(wanted: string): readonly string[] {
  const lines = wanted.split('\n')
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines
}

function* exact(_content: string, wanted: string): Iterable<string> {
  yield wanted
}

/** White space around lines does not count. */
function* trimmedLines(content: string, wanted: string): Iterable<string> {
  const asked = linesOf(wanted)
  for (const found of windows(content, asked.length))
    if (asked.every((line, at) => line.trim() === found[at]?.trim())) yield found.join('\n')
}

/** How many characters have to be changed to make one line of the other. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at)
  for (const [at, letter] of [...one.split('').entries()]) {
    const next = [at + 1]
    for (let column = 1; column <= other.length; column += 1) {
      const changed = (row[column - 1] ?? 0) + (letter === other[column - 1] ? 0 : 1)
      next.push(Math.min((row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1, changed))
    }
    row = next
  }
  return row[other.length] ?? 0
}

/** The block between the same first and last line whose middle is most alike. */
function* anchoredBlock(content: string, wanted: string): Iterable<string> {
  if (wanted.split('\n').length < 3) return
  const asked = linesOf(wanted)
  const lines = content.split('\n')
  const slack = Math.max(1, Math.floor(asked.length * 0.25))
  const blocks: string[][] = []
  for (const [start, line] of lines.entries()) {
    if (line.trim() !== asked[0]?.trim()) continue
    const end = lines.findIndex(
      (each, at) => at >= start + 2 && each.trim() === asked.at(-1)?.trim(),
    )
    if (end >= 0 && Math.abs(end - start + 1 - asked.length) <= slack)
      blocks.push(lines.slice(start, end + 1))
  }
  const scored = blocks.map((block) => {
    const count = Math.min(asked.length, block.length) - 2
    if (count <= 0) return { block, score: 1 }
    const scores = Array.from({ length: count }, (_, at) => {
      const [one, other] = [block[at + 1]?.trim() ?? '', asked[at + 1]?.trim() ?? '']
      const longest = Math.max(one.length, other.length)
      return longest === 0 ? 0 : 1 - distance(one, other) / longest
    })
    return { block, score: sum(scores) / count }
  })
  const best = scored.toSorted((one, other) => other.score - one.score)[0]
  if (best && best.score >= likeness) yield best.block.join('\n')
}

/** Any white space is one blank. */
function* anyBlanks(content: string, wanted: string): Iterable<string> {
  const plain = (text: string): string => text.replaceAll(/\s+/gu, ' ').trim()
  const asked = plain(wanted)
  for (const line of content.split('\n')) {
    if (plain(line) === asked) yield line
    else if (plain(line).includes(asked)) {
      const words = wanted.trim().split(/\s+/u)
      const source = words.map((word) => word.replaceAll(/[.*+?^${}()|[\]\\]/gu, String.raw`\$&`))
      const found = new RegExp(source.join(String.raw`\s+`), 'u').exec(line)
      if (found) yield found[0]
    }
  }
  const count = wanted.split('\n').length
  if (count === 1) return
  for (const found of windows(content, count))
    if (plain(found.join('\n')) === asked) yield found.join('\n')
}

/** How far a whole block is indented does not count. */
function* anyIndent(content: string, wanted: string): Iterable<string> {
  const flat = (text: string): string => {
    const lines = text.split('\n')
    const filled = lines.filter((line) => line.trim() !== '')
    if (filled.length === 0) return text
    const least = Math.min(...filled.map((line) => line.length - line.trimStart().length))
    return lines.map((line) => (line.trim() === '' ? line : line.slice(least))).join('\n')
  }
  for (const found of windows(content, wanted.split('\n').length)) {
    const text = found.join('\n')
    if (flat(text) === flat(wanted)) yield text
  }
}

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' }

/** Escapes that a model wrote as in source code. */
function* unescaped(content: string, wanted: string): Iterable<string> {
  const plain = (text: string): string =>
    text.replaceAll(/\\([ntr'"`\\\n$])/gu, (_all, letter: string) => escapes[letter] ?? letter)
  const asked = plain(wanted)
  if (content.includes(asked)) yield asked
  for (const found of windows(content, asked.split('\n').length))
    if (plain(found.join('\n')) === asked) yield found.join('\n')
}

/** White space around the whole does not count. */
function* trimmedWhole(content: string, wanted: string): Iterable<string> {
  const trimmed = wanted.trim()
  if (trimmed === wanted) return
  if (content.includes(trimmed)) yield trimmed
  for (const found of windows(content, wanted.split('\n').length))
    if (found.join('\n').trim() === trimmed) yield found.join('\n')
}

/** The same first and last line, and at least half of what is between. */
function* inContext(content: string, wanted: string): Iterable<string> {
  if (wanted.split('\n').length < 3) return
  const asked = linesOf(wanted)
  const lines = content.split('\n')
  for (const [start, line] of lines.entries()) {
    if (line.trim() !== asked[0]?.trim()) continue
    const end = lines.findIndex(
      (each, at) => at >= start + 2 && each.trim() === asked.at(-1)?.trim(),
    )
    const block = end < 0 ? [] : lines.slice(start, end + 1)
    if (block.length !== asked.length) continue
    const pairs = block.slice(1, -1).map((each, at) => [each.trim(), asked[at + 1]?.trim() ?? ''])
    const filled = pairs.filter(([one, other]) => one !== '' || other !== '')
    const alike = filled.filter(([one, other]) => one === other)
    if (filled.length === 0 || alike.length / filled.length >= 0.5) yield block.join('\n')
  }
}

/** The server's ways to find a text, in its order. */
export const waysToFind: readonly FindSpans[] = [
  exact,
  trimmedLines,
  anchoredBlock,
  anyBlanks,
  anyIndent,
  unescaped,
  trimmedWhole,
  inContext,
]
