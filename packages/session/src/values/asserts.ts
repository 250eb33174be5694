import type { RowId } from '../records.js'

/** The widest key that a lease can name. */
const longestKey = 255

/**
 * A key as statements take it: drivers give 64-bit keys as numbers, strings or bigints, and a bigint does not survive
 * JSON.
 *
 * @internal
 */
export function asRowId(name: string, id: RowId): RowId {
  if (typeof id === 'bigint') return toRowId(id)
  if (typeof id === 'number') {
    if (Number.isSafeInteger(id)) return id
    throw new RangeError(
      `\`${name}\` must be a whole number that JavaScript holds exactly: give larger keys as strings or bigints.`,
    )
  }
  if (typeof id !== 'string') {
    throw new TypeError(`\`${name}\` must be the primary key of a row: a string, number or bigint.`)
  }
  if (id !== '' && id.length <= longestKey) return id
  throw new RangeError(`\`${name}\` must have 1 to ${longestKey} characters.`)
}

/** @internal A key as it came from a driver; `text` is the same key as text, for a number that the driver had to round. */
export function toRowId(value: unknown, text?: unknown): RowId {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    return typeof text === 'string' ? text : String(value)
  }
  if (typeof value !== 'bigint') return value as RowId
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
}

/** @internal */
export function assertDuration(name: string, ms: number): number {
  if (!Number.isSafeInteger(ms) || ms <= 0) {
    throw new RangeError(`\`${name}\` must be a whole number of milliseconds above 0.`)
  }
  return ms
}

/** @internal */
export function assertName(name: string, value: string, longest: number): string {
  if (typeof value === 'string' && value !== '' && value.length <= longest) return value
  throw new TypeError(`\`${name}\` must be a name of 1 to ${longest} characters.`)
}

/** @internal What a key begins with: kept in one column with others, separated by spaces. */
export function assertKeyPrefix(prefix: string): string {
  if (typeof prefix === 'string' && /^[\w.:-]{0,24}$/.test(prefix)) return prefix
  throw new TypeError('`keyPrefix` must have at most 24 letters, digits and `_.:-`.')
}
