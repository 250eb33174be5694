import { parseArtifactKey, parseKeyPrefix, type ArtifactKey } from './key.js'
import type { ListOptions } from './store.js'

/** The options of a `list`, checked. */
export interface CheckedList {
  readonly prefix: string
  /** The empty text comes before every key. */
  readonly after: ArtifactKey | ''
  readonly limit: number
  readonly signal: AbortSignal | undefined
}

/** Refuses with `invalid_key` or a RangeError, and rejects a call that was aborted before it began. */
export function checkListOptions(options: ListOptions): CheckedList {
  const { limit = Number.POSITIVE_INFINITY, signal } = options
  const prefix = parseKeyPrefix(options.prefix ?? '')
  const after = options.after === undefined ? '' : parseArtifactKey(options.after)
  if (limit !== Number.POSITIVE_INFINITY && !(Number.isSafeInteger(limit) && limit >= 0)) {
    throw new RangeError('`limit` must be a whole number, 0 or more.')
  }
  signal?.throwIfAborted()
  return { prefix, after, limit, signal }
}

/** The age of what may be removed as left over, in milliseconds. */
export function checkAge(olderThanMs: number): void {
  if (!(olderThanMs >= 0)) throw new RangeError('`olderThanMs` must be 0 or more.')
}
