import type { PartState } from '../state/state.js'
import type { TextBuffer } from '../state/text-buffer.js'
import { partJson } from './serialize.js'

/** Gives the JSON of a part as it is at each call; what did not change since the last one is not written again. */
export function savePart(part: PartState): () => string {
  let seen: readonly unknown[] = []
  let saved: string
  let writing: TextBuffer | null = null
  let escaped = ''
  let half = ''

  return () => {
    const { buffer, events } = part
    // A body is replaced as a whole, and a text only grows.
    const now = Object.values({
      ...part,
      touched: buffer?.length,
      view: events.newest,
    })
    if (now.every((value, index) => value === seen[index])) return saved
    saved = JSON.stringify(partJson(part, null))
    if (buffer !== null) {
      if (buffer !== writing) {
        escaped = ''
        half = ''
        writing = buffer
      }
      // Only what is new is escaped, and the first half of a character waits for the second.
      const text = half + buffer.takeNew()
      half = /[\uD800-\uDBFF]$/.exec(text)?.[0] ?? ''
      escaped += inner(text.slice(0, text.length - half.length))
      saved = `{"text":"${escaped}${inner(half)}"${saved.slice('{"text":null'.length)}`
    }
    seen = now
    return saved
  }
}

function inner(text: string): string {
  return JSON.stringify(text).slice(1, -1)
}
