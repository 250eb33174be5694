import type { PartState, ReplyState } from '../state/state.js'
import { joinTexts } from './joined-texts.js'
import { savePart } from './saved-part.js'
import { serialize } from './serialize.js'
import type { PartJson } from './serialize.js'

/**
 * Gives the JSON of a reply at each call, writing only what changed since the last one. Pieces of text, which are nearly
 * all that comes, name the part that grew; after anything else all parts are compared with what they were, and those that
 * differ are written.
 */
export function createSerializer(state: ReplyState): () => string {
  const savers = new WeakMap<PartState, () => string>()
  let texts = joinTexts([])
  /** Puts a part that grew in its place. */
  let writers: Map<PartState, () => void>

  const writeAll = (): void => {
    // Stands for the revision and for each part; a longer one when the reply happens to hold such a text.
    let mark = ''
    let parts: PartState[]
    let between: string[]
    do {
      mark += '@'
      parts = []
      const shell = serialize(state, (part) => {
        parts.push(part)
        return mark as unknown as PartJson
      })
      between = JSON.stringify({ ...shell, revision: mark }).split(`"${mark}"`)
    } while (between.length !== parts.length + 2)
    texts = joinTexts(between.flatMap((text) => [text, '']))
    writers = new Map(
      parts.map((part, index) => {
        const save = savers.get(part) ?? savePart(part)
        savers.set(part, save)
        return [part, () => texts.set(2 * index + 3, save())]
      }),
    )
    for (const write of writers.values()) write()
  }

  return () => {
    const { grown, feed } = state
    state.grown = new Set()
    if (grown === null) writeAll()
    for (const part of grown ?? []) writers.get(part)?.()
    texts.set(1, `${feed.revision}`)
    return texts.read()
  }
}
