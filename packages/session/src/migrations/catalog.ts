import type { Knex } from 'knex'
import { tableAddress } from './table-version.js'

/** The schema builder for a table's own schema. */
export function schemaOf(knex: Knex, table: string): Knex.SchemaBuilder {
  const { schema } = tableAddress(table)
  return schema === null ? knex.schema : knex.schema.withSchema(schema)
}

export function isMySql(knex: Knex): boolean {
  return knex.client.dialect === 'mysql'
}

/** Knex itself looks into the first schema of PostgreSQL's search path only. */
export async function hasTable(knex: Knex, table: string): Promise<boolean> {
  if (!isPostgreSql(knex)) return schemaOf(knex, table).hasTable(tableAddress(table).name)
  const found: unknown = await knex.first(knex.raw('to_regclass(?) as oid', [quoted(knex, table)]))
  return (found as { readonly oid: unknown }).oid !== null
}

/** Knex itself leaves the schema out on MySQL. */
export async function hasColumn(knex: Knex, table: string, column: string): Promise<boolean> {
  if (isMySql(knex)) return isListed(knex, table, 'columns', { column_name: column })
  if (!isPostgreSql(knex)) return schemaOf(knex, table).hasColumn(tableAddress(table).name, column)
  const found: unknown = await knex('pg_catalog.pg_attribute')
    .where('attrelid', knex.raw('to_regclass(?)', [quoted(knex, table)]))
    .where({ attname: column, attisdropped: false })
    .first(knex.raw('1 as found'))
  return found !== undefined
}

/** On MySQL, which cannot create an index only if there is none. */
export function hasIndex(knex: Knex, table: string, name: string): Promise<boolean> {
  return isListed(knex, table, 'statistics', { index_name: name })
}

async function isListed(
  knex: Knex,
  table: string,
  list: 'columns' | 'statistics',
  condition: Readonly<Record<string, string>>,
): Promise<boolean> {
  const { schema, name } = tableAddress(table)
  const found: unknown = await knex(`information_schema.${list}`)
    .where({ table_name: name, ...condition })
    .where('table_schema', schema ?? knex.raw('database()'))
    .first(knex.raw('1 as found'))
  return found !== undefined
}

function isPostgreSql(knex: Knex): boolean {
  return knex.client.dialect === 'postgresql'
}

function quoted(knex: Knex, table: string): string {
  return knex.raw('??', [table]).toQuery()
}
