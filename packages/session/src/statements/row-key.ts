import type { Knex } from 'knex'
import { SessionError } from '../errors.js'
import type { RowId } from '../records.js'
import { isImpossibleKey } from '../database/passing.js'
import { wholeNumber } from '../values/whole-number.js'

/** How each database tells that a key column holds a whole number. */
const isWholeNumber: Readonly<Record<string, string>> = {
  mysql: "cast(?? as char) regexp '^-{0,1}[0-9]+$'",
  postgresql: "cast(?? as text) ~ '^-{0,1}[0-9]+$'",
  sqlite3: "cast(?? as text) not glob '*[^0-9-]*'",
}

/** A key as text: some drivers round numbers that JavaScript cannot hold. */
export function keyText(knex: Knex, column: string): Knex.Raw {
  const type = knex.client.dialect === 'mysql' ? 'char' : 'text'
  return knex.raw(`cast(?? as ${type})`, [column])
}

/**
 * The row with this key. Keys go as text, which each database converts to the type of its column; some would take `1abc`
 * for 1, so a text that is no number as numbers are written matches no number.
 */
export function rowKey(knex: Knex, column: string, id: RowId): Knex.QueryCallback {
  const key = String(id)
  const odd = wholeNumber.test(key) ? undefined : isWholeNumber[String(knex.client.dialect)]
  return (row) => {
    row.where(column, key)
    if (odd !== undefined) row.whereRaw(`not (${odd})`, [column])
  }
}

const uuid = /^\{?[\da-f]{8}-?(?:[\da-f]{4}-?){3}[\da-f]{12}\}?$/i

/** A key as text, the same for all spellings of a UUID; for comparing keys with those that a database gave. */
export function spelling(id: RowId): string {
  const key = String(id)
  return uuid.test(key) ? key.toLowerCase().replaceAll(/[{}-]/g, '') : key
}

/** A row's key, and a number that it must have in another column. */
export type KeyPair = readonly [id: RowId, value: number]

/** The rows with one of these keys and the number beside it, by the same rule as {@link rowKey}. */
export function whereKeyPair(
  knex: Knex,
  columns: readonly [key: string, value: string],
  pairs: readonly KeyPair[],
): Knex.QueryCallback {
  const [column] = columns
  const keyed = pairs.map(([id, value]): [string, number] => [String(id), value])
  const whole = keyed.filter(([key]) => wholeNumber.test(key))
  const other = keyed.filter(([key]) => !wholeNumber.test(key))
  const odd = isWholeNumber[String(knex.client.dialect)]
  return (rows) => {
    // Says the same again, so that the database finds the rows by their keys alone.
    rows.whereIn(
      column,
      keyed.map(([key]) => key),
    )
    rows.where((either) => {
      if (whole.length > 0) either.orWhere((row) => void row.whereIn([...columns], whole))
      if (other.length === 0) return
      either.orWhere((row) => {
        row.whereIn([...columns], other)
        if (odd !== undefined) row.whereRaw(`not (${odd})`, [column])
      })
    })
  }
}

/** What `none` says when the key cannot be one of its column: `abc` for a number or a UUID. */
export async function unlessImpossible<Result>(
  result: Promise<Result>,
  none: Result,
): Promise<Result> {
  try {
    return await result
  } catch (error) {
    if (SessionError.is(error) && isImpossibleKey(error.cause)) return none
    throw error
  }
}
