import type { Knex } from 'knex'
import { query } from '../statements/query.js'
import type { QueryContext } from '../statements/query.js'

/** A row that was read. */
export type Found = Readonly<Record<string, unknown>>

/** Reads rows; `what` it does is for the error's message. */
export type Select = (what: string, build: (at: Knex) => Knex.QueryBuilder) => Promise<Found[]>

/** Writes what is the same a second time; gives how many rows. */
export type Change = (what: string, build: (at: Knex) => Knex.QueryBuilder) => Promise<number>

/** Far below what any database takes as values of one statement. */
const batchSize = 50

export function selectRows(
  context: QueryContext,
  ...[what, build]: Parameters<Select>
): Promise<Found[]> {
  return query<Found[]>(context, what, build, { isRepeatable: true })
}

export async function changeRows(
  context: QueryContext,
  ...[what, build]: Parameters<Change>
): Promise<number> {
  return Number(await query<number>(context, what, build, { isRepeatable: true }))
}

export function keyOf(row: Found): string {
  return String(row['store_key'])
}

export function* inBatches<Item>(items: readonly Item[]): Generator<Item[]> {
  for (let at = 0; at < items.length; at += batchSize) yield items.slice(at, at + batchSize)
}
