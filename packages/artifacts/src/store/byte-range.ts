import { ArtifactError } from '../errors.js'
import type { ByteRange } from './store.js'

/** Both ends of a range inside an object; both are included. */
export interface ResolvedRange {
  readonly start: number
  readonly end: number
}

/** Cuts a range to the object. Fails with `range_not_satisfiable` when nothing of it is inside. */
export function resolveRange(range: ByteRange, sizeBytes: number): ResolvedRange {
  const { start, end = Number.MAX_SAFE_INTEGER } = range
  if (!Number.isSafeInteger(start) || start < 0) {
    throw new RangeError('`range.start` must be a whole number, 0 or more.')
  }
  if (!Number.isSafeInteger(end) || end < start) {
    throw new RangeError('`range.end` must be a whole number, not before `range.start`.')
  }
  if (start >= sizeBytes) {
    throw new ArtifactError(
      'range_not_satisfiable',
      `The range starts at byte ${start}, but there are ${sizeBytes} bytes.`,
    )
  }
  return { start, end: Math.min(end, sizeBytes - 1) }
}

/**
 * Reads a `Range` header: one range inside the object, `null` for "send everything" (no header, another
 * unit, several ranges, malformed: RFC 9110 lets a server ignore those), or `unsatisfiable`.
 */
export function parseRangeHeader(
  header: string | undefined,
  sizeBytes: number,
): ResolvedRange | 'unsatisfiable' | null {
  const match = /^bytes=\s*(\d{0,15})-(\d{0,15})\s*$/i.exec(header ?? '')
  if (match === null) return null
  const [, first = '', last = ''] = match
  if (first === '') {
    if (last === '') return null
    const suffix = Number(last)
    if (suffix === 0 || sizeBytes === 0) return 'unsatisfiable'
    return { start: Math.max(0, sizeBytes - suffix), end: sizeBytes - 1 }
  }
  const start = Number(first)
  const end = last === '' ? Number.MAX_SAFE_INTEGER : Number(last)
  if (end < start) return null
  if (start >= sizeBytes) return 'unsatisfiable'
  return { start, end: Math.min(end, sizeBytes - 1) }
}
