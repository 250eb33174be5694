import { sameJson, toJsonValue } from '../records/json-value.js'
import type { ReplyState } from '../state/state.js'
import { showStreamPart } from '../state/stream-part.js'

/** How many notes a reply keeps. */
const noteLimit = 256

/** What a host adds to a reply. */
export interface Note {
  /** What it is, in the host's own words; passed to templates and sent as data to AI SDK readers. */
  readonly type: string
  /** Anything that JSON holds. */
  readonly data: unknown
  /** A note with the same id takes the place of the one before; default: a new one at the end. */
  readonly id?: string
}

/** Shows a part of the host's own; the result is its part id. */
export function addNote(state: ReplyState, { type, data, id }: Note): string {
  if (typeof type !== 'string' || type === '') {
    throw new TypeError('`type` must be a non-empty string')
  }
  const notes = [...state.parts.values()].filter(({ body }) => body?.kind === 'note')
  const partId = `note:${id ?? freeNumber(state)}`
  const known = state.parts.get(partId)?.body ?? null
  if (known === null && notes.length >= noteLimit) {
    throw new RangeError(`A reply keeps at most ${noteLimit} notes`)
  }
  const body = { kind: 'note', type, data: toJsonValue(data) } as const
  if (!sameJson(known, body)) showStreamPart(state, state.root, partId, body, 'host')
  return partId
}

function freeNumber(state: ReplyState): number {
  let number = 1
  while (state.parts.has(`note:${number}`)) number += 1
  return number
}
