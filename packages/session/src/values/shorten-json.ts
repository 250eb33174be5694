/** Shorter texts are names, ids and words that something depends on. */
const shortest = 256
/** Below these names stands what was said to a person; it is cut last. */
const said: ReadonlySet<string> = new Set(['text', 'reasoning'])

/**
 * JSON in fewer bytes, of the same shape: its longest texts are cut to one length and end with a mark that says how much is
 * missing. What tools gave and were given goes first, what was said to a person only if that is not enough. Null when even
 * that does not do.
 */
export function shortenJson(value: unknown, maxBytes: number): string | null {
  const lengths = [...lengthsOf(value, false)]
  for (const isSaidCut of [false, true]) {
    const longest = Math.max(shortest, ...lengths.map(({ length }) => length))
    for (let most = longest; ; most = Math.max(shortest, Math.floor(most / 2))) {
      // Roughly first: to write it out for each length would cost as much as all attempts together.
      if (estimate(lengths, most, isSaidCut) <= maxBytes || most === shortest) {
        const json = write(value, most, isSaidCut)
        if (json !== null && Buffer.byteLength(json) <= maxBytes) return json
      }
      if (most === shortest) break
    }
  }
  return null
}

interface Length {
  readonly length: number
  readonly isSaid: boolean
}

/** Of each text in the value, as JSON would hold it. */
function* lengthsOf(value: unknown, isSaid: boolean): Generator<Length> {
  if (typeof value === 'string') yield { length: value.length, isSaid }
  if (typeof value !== 'object' || value === null) return
  for (const [name, inside] of Object.entries(value)) {
    yield* lengthsOf(inside, said.has(name))
  }
}

/** Fewer bytes than it will be. */
function estimate(lengths: readonly Length[], most: number, isSaidCut: boolean): number {
  let bytes = 0
  for (const { length, isSaid } of lengths) {
    bytes += isSaid && !isSaidCut ? length : Math.min(length, most)
  }
  return bytes
}

function write(value: unknown, most: number, isSaidCut: boolean): string | null {
  try {
    return JSON.stringify(cut(value, { most, isSaidCut }, false)) ?? null
  } catch {
    // More than a string holds.
    return null
  }
}

function cut(
  value: unknown,
  how: { readonly most: number; readonly isSaidCut: boolean },
  isSaid: boolean,
): unknown {
  if (typeof value === 'string') return isSaid && !how.isSaidCut ? value : cutText(value, how.most)
  if (Array.isArray(value)) return value.map((each) => cut(each, how, isSaid))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, inside]) => [name, cut(inside, how, said.has(name))]),
  )
}

function cutText(text: string, most: number): string {
  if (text.length <= Math.max(most, shortest)) return text
  // Not in the middle of a character.
  const kept = text.slice(0, most).replace(/[\uD800-\uDBFF]$/, '')
  return `${kept}… [${text.length - kept.length} characters were too many for the row]`
}
