import type { Knex } from 'knex'
import { SessionError } from '../errors.js'
import type { RowId } from '../records.js'
import { isImpossibleKey } from '../database/passing.js'

const wholeNumber = /^-?(?:0|[1-9]\d*)$/

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
