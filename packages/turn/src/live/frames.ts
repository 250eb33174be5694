/** Bytes of a message when the notifier does not say how many it takes. */
export const defaultFrameBytes = 60_000
/** What a frame's head may take. */
const headBytes = 64
/** A message that never becomes whole must not be kept: its sender may be gone. */
const mostUnfinished = 4

let sent = 0
const sender = Math.random().toString(36).slice(2, 10)

/** A text as the messages of a notifier that takes only so many bytes each. */
export function toFrames(text: string, maxBytes: number): string[] {
  const bytes = Buffer.from(text)
  const room = Math.max(1, maxBytes - headBytes)
  const slices: string[] = []
  for (let from = 0; from < bytes.length;) {
    let to = Math.min(bytes.length, from + room)
    // Not in the middle of a character.
    while (to < bytes.length && to > from + 1 && ((bytes[to] ?? 0) & 0xc0) === 0x80) to -= 1
    slices.push(bytes.toString('utf8', from, to))
    from = to
  }
  sent += 1
  const id = `${sender}${sent.toString(36)}`
  return slices.map((slice, index) => `${id} ${index} ${slices.length} ${slice}`)
}

interface Unfinished {
  readonly slices: string[]
  readonly count: number
}

/** Puts frames together again. What is lost in between is lost whole. */
export function createFrameReader(): (frame: string) => string | null {
  const unfinished = new Map<string, Unfinished>()
  return (frame) => {
    const head = /^(\w+) (\d+) (\d+) /.exec(frame)
    if (head === null) return null
    const [whole, id = '', index, count] = head
    const slice = frame.slice(whole.length)
    if (Number(count) === 1) return slice
    const known = unfinished.get(id) ?? { slices: [], count: Number(count) }
    if (Number(index) !== known.slices.length) {
      unfinished.delete(id)
      return null
    }
    known.slices.push(slice)
    unfinished.set(id, known)
    if (known.slices.length === known.count) {
      unfinished.delete(id)
      return known.slices.join('')
    }
    const [oldest] = unfinished.keys()
    if (unfinished.size > mostUnfinished && oldest !== undefined) unfinished.delete(oldest)
    return null
  }
}
