import { ToolFailure } from './tool-context.js'

/** A place of a file that a patch changes. */
export interface PatchChunk {
  readonly context: string | null
  readonly old: readonly string[]
  readonly fresh: readonly string[]
  readonly isAtEnd: boolean
}

/** What a patch does to one file. */
export type PatchSection =
  | { readonly type: 'add'; readonly path: string; readonly content: string }
  | { readonly type: 'delete'; readonly path: string }
  | {
      readonly type: 'update'
      readonly path: string
      readonly movePath: string | null
      readonly chunks: readonly PatchChunk[]
    }

const begin = '*** Begin Patch'
const end = '*** End Patch'

/** Why a patch is refused, in the words of the server. */
export function refuse(reason: string): ToolFailure {
  return new ToolFailure(`apply_patch verification failed: ${reason}`)
}

/** The sections of a text in the `*** Begin Patch` format. */
export function parsePatch(text: string): readonly PatchSection[] {
  const trimmed = text.trim()
  const inside = /^(?:cat\s+)?<<['"]?(\w+)['"]?\s*\n([\s\S]*?)\n\1\s*$/u.exec(trimmed)?.[2]
  const lines = (inside ?? trimmed).split('\n')
  const first = lines.findIndex((line) => line.trim() === begin)
  const last = lines.findIndex((line) => line.trim() === end)
  if (first < 0 || last < 0 || first >= last)
    throw refuse('Error: Invalid patch format: missing Begin/End markers')
  const sections: PatchSection[] = []
  for (let at = first + 1; at < last; at += 1) {
    const [, verb, path = ''] = /^\*\*\* (Add|Delete|Update) File:\s*(.*?)\s*$/u.exec(
      lines[at] ?? '',
    ) ?? ['']
    if (verb === undefined || path === '') continue
    const rest = lines.slice(at + 1)
    if (verb === 'Delete') sections.push({ type: 'delete', path })
    else if (verb === 'Add') {
      const added = bodyOf(rest).filter((line) => line.startsWith('+'))
      sections.push({ type: 'add', path, content: added.map((line) => line.slice(1)).join('\n') })
    } else {
      const moved = /^\*\*\* Move to:\s*(.*?)\s*$/u.exec(rest[0] ?? '')?.[1] ?? null
      const body = rest.slice(moved === null ? 0 : 1)
      sections.push({ type: 'update', path, movePath: moved, chunks: chunksOf(body) })
    }
  }
  if (sections.length > 0) return sections
  const plain = text.replaceAll(/\r\n?/gu, '\n').trim()
  if (plain === `${begin}\n${end}`) throw new ToolFailure('patch rejected: empty patch')
  throw refuse('no hunks found')
}

/** Lines up to the next line of the format. */
function bodyOf(lines: readonly string[]): readonly string[] {
  const next = lines.findIndex((line) => line.startsWith('***'))
  return next < 0 ? lines : lines.slice(0, next)
}

function chunksOf(lines: readonly string[]): readonly PatchChunk[] {
  const chunks: PatchChunk[] = []
  let at = 0
  while (at < lines.length && !lines[at]?.startsWith('***')) {
    if (!lines[at]?.startsWith('@@')) {
      at += 1
      continue
    }
    const context = lines[at]?.slice(2).trim() || null
    at += 1
    const from = at
    while (at < lines.length && !/^(?:@@|\*\*\*)/u.test(lines[at] ?? '')) at += 1
    const body = lines.slice(from, at)
    const isAtEnd = lines[at] === '*** End of File'
    const side = (mark: string): readonly string[] =>
      body
        .filter((line) => line.startsWith(' ') || line.startsWith(mark))
        .map((line) => line.slice(1))
    chunks.push({ context, old: side('-'), fresh: side('+'), isAtEnd })
    if (isAtEnd) return chunks
  }
  return chunks
}

/** What the chunks of a patch make of a file. */
export function patchText(before: string, chunks: readonly PatchChunk[], path: string): string {
  const lines = before.split('\n')
  if (lines.at(-1) === '') lines.pop()
  const places: { at: number; count: number; fresh: readonly string[] }[] = []
  let from = 0
  for (const chunk of chunks) {
    if (chunk.context !== null) {
      const found = findLines(lines, [chunk.context], from, false)
      if (found < 0) throw refuse(`Error: Failed to find context '${chunk.context}' in ${path}`)
      from = found + 1
    }
    if (chunk.old.length === 0) {
      places.push({ at: lines.length, count: 0, fresh: chunk.fresh })
      continue
    }
    let { fresh, old } = chunk
    let at = findLines(lines, old, from, chunk.isAtEnd)
    if (at < 0 && old.at(-1) === '') {
      old = old.slice(0, -1)
      if (fresh.at(-1) === '') fresh = fresh.slice(0, -1)
      at = findLines(lines, old, from, chunk.isAtEnd)
    }
    if (at < 0)
      throw refuse(`Error: Failed to find expected lines in ${path}:\n${chunk.old.join('\n')}`)
    places.push({ at, count: old.length, fresh })
    from = at + old.length
  }
  for (const { at, count, fresh } of places.toSorted((one, other) => other.at - one.at))
    lines.splice(at, count, ...fresh)
  if (lines.at(-1) !== '') lines.push('')
  return lines.join('\n')
}

/** Ways to compare two lines, the strictest first. */
const ways: readonly ((line: string) => string)[] = [
  (line) => line,
  (line) => line.trimEnd(),
  (line) => line.trim(),
  (line) =>
    line
      .trim()
      .replaceAll(/[\u2018-\u201B]/gu, "'")
      .replaceAll(/[\u201C-\u201F]/gu, '"')
      .replaceAll(/[\u2010-\u2015]/gu, '-')
      .replaceAll('\u2026', '...')
      .replaceAll('\u00A0', ' '),
]

function findLines(
  lines: readonly string[],
  wanted: readonly string[],
  from: number,
  isAtEnd: boolean,
): number {
  for (const way of ways) {
    const isAt = (at: number): boolean =>
      wanted.every((line, index) => way(lines[at + index] ?? '') === way(line))
    const last = lines.length - wanted.length
    if (isAtEnd && last >= from && isAt(last)) return last
    for (let at = from; at <= last; at += 1) if (isAt(at)) return at
  }
  return -1
}
