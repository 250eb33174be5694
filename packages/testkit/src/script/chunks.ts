/** How a text is cut into deltas. */
export interface Chunking {
  /** Exactly these deltas; their sum should be the text. */
  readonly chunks?: readonly string[] | number
  /** Milliseconds between two deltas, default 0. */
  readonly paceMs?: number
}

/** Cuts `content` into deltas: as given, into a number of equal pieces, or after each word. */
export function chunksOf(content: string, options: Chunking): readonly string[] {
  if (typeof options.chunks === 'object') return options.chunks
  if (content === '') return []
  if (options.chunks === undefined) return content.match(/\S*\s+|\S+$/gu) ?? [content]
  if (!(options.chunks >= 1)) throw new RangeError('`chunks` must be 1 or more')
  const characters = [...content]
  const size = Math.max(1, Math.ceil(characters.length / options.chunks))
  const pieces: string[] = []
  for (let start = 0; start < characters.length; start += size) {
    pieces.push(characters.slice(start, start + size).join(''))
  }
  return pieces
}
