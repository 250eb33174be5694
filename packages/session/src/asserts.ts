import type { RowId } from './records.js'

/** @internal */
export function assertRowId(name: string, id: RowId): RowId {
  if (typeof id !== 'string' && typeof id !== 'number') {
    throw new TypeError(`\`${name}\` must be the primary key of a row: a string or a number.`)
  }
  return id
}

/** @internal */
export function assertDuration(name: string, ms: number): number {
  if (!Number.isSafeInteger(ms) || ms <= 0) {
    throw new RangeError(`\`${name}\` must be a whole number of milliseconds above 0.`)
  }
  return ms
}
