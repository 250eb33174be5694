import { databases } from '@turnstead-internal/databases'
import { openRows } from '../test/support/open-rows.js'
import type { Rows } from '../test/support/open-rows.js'

/** One measured figure. */
export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly better: 'lower' | 'higher'
}

/** The rows of a host on PostgreSQL; null, said aloud, where there is none. */
export async function openPostgres(): Promise<Rows | null> {
  const kind = databases.find(({ name }) => name === 'postgresql')
  if (kind !== undefined && kind.skip === null) return openRows(kind)
  process.stderr.write(`# skipped: ${kind?.skip ?? 'no PostgreSQL'}\n`)
  return null
}

export function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN
}

export function rounded(value: number, digits = 3): number {
  return Number(value.toFixed(digits))
}
