import type { Knex } from 'knex'
import { dialectOf, quoteOf, quoteTable, realName, tableAddress } from './dialect.js'

/** A column as the database has it. */
export interface CatalogColumn {
  readonly name: string
  /** In the database's own words, as `character varying(64)`. */
  readonly type: string
  readonly isNullable: boolean
  /** On MySQL, of texts; null elsewhere. */
  readonly charset: string | null
}

/** An index as the database has it. */
export interface CatalogIndex {
  readonly name: string
  readonly columns: readonly string[]
  readonly isUnique: boolean
  /** False when PostgreSQL did not finish it, or when it holds only some of the rows or parts of the columns. */
  readonly isWhole: boolean
}

type Row = Readonly<Record<string, unknown>>

/** The columns of a table; empty when there is no such table. */
export async function readColumns(knex: Knex, table: string): Promise<readonly CatalogColumn[]> {
  const rows = await readRows(knex, table, {
    // Through the search path, of which Knex itself looks into the first schema only.
    postgresql: (at) => [
      `select attname as name, format_type(atttypid, atttypmod) as type, not attnotnull as nullable, null as charset
       from pg_catalog.pg_attribute where attrelid = to_regclass(?) and attnum > 0 and not attisdropped`,
      [at.quoted],
    ],
    mysql: (at) => [
      `select column_name as name, column_type as type, is_nullable = 'YES' as nullable, character_set_name as charset
       from information_schema.columns where table_name = ? and table_schema = coalesce(?, database())`,
      [at.name, at.schema],
    ],
    sqlite: (at) => [
      `select name, type, not "notnull" as nullable, null as charset from pragma_table_info(?, ?)`,
      [at.name, at.schema ?? 'main'],
    ],
  })
  return rows.map((row) => ({
    name: String(row['name']),
    type: String(row['type']).toLowerCase(),
    isNullable: Number(row['nullable']) === 1,
    charset: (row['charset'] ?? null) as string | null,
  }))
}

/** The indexes of a table. */
export async function readIndexes(knex: Knex, table: string): Promise<readonly CatalogIndex[]> {
  const rows = await readRows(knex, table, {
    postgresql: (at) => [
      `select c.relname as name, a.attname as "column", i.indisunique as uniq, i.indisvalid and i.indpred is null as whole
       from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid
       cross join lateral unnest(i.indkey) with ordinality as k (attnum, place)
       left join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
       where i.indrelid = to_regclass(?) order by c.relname, k.place`,
      [at.quoted],
    ],
    mysql: (at) => [
      `select index_name as name, column_name as \`column\`, non_unique = 0 as uniq, sub_part is null as whole
       from information_schema.statistics where table_name = ? and table_schema = coalesce(?, database())
       order by index_name, seq_in_index`,
      [at.name, at.schema],
    ],
    sqlite: (at) => [
      `select l.name as name, i.name as "column", l."unique" as uniq, not l.partial as whole
       from pragma_index_list(?, ?) as l join pragma_index_info(l.name, ?) as i order by l.name, i.seqno`,
      [at.name, at.schema ?? 'main', at.schema ?? 'main'],
    ],
  })
  const byName = new Map<string, Row[]>()
  for (const row of rows) {
    const name = String(row['name'])
    byName.set(name, [...(byName.get(name) ?? []), row])
  }
  return [...byName].map(([name, parts]) => ({
    name,
    columns: parts.map((part) => String(part['column'])),
    isUnique: parts.every((part) => Number(part['uniq']) === 1),
    isWhole: parts.every((part) => Number(part['whole']) === 1),
  }))
}

/** Whether anything in the table's schema has this name: on PostgreSQL and SQLite, indexes and tables share one space. */
export async function isNameTaken(knex: Knex, table: string, name: string): Promise<boolean> {
  const rows = await readRows(knex, table, {
    postgresql: (at) => [
      `select 1 as taken from pg_catalog.pg_class where relname = ?
       and relnamespace = (select relnamespace from pg_catalog.pg_class where oid = to_regclass(?))`,
      [name, at.quoted],
    ],
    mysql: () => ['select 1 as taken from dual where false', []],
    sqlite: (at) => [
      `select 1 as taken from ${quoteOf(knex)(at.schema ?? 'main')}.sqlite_master where name = ?`,
      [name],
    ],
  })
  return rows.length > 0
}

/** What PostgreSQL keeps texts in. */
export async function readEncoding(knex: Knex): Promise<string> {
  const { rows } = (await knex.raw("select current_setting('server_encoding') as encoding")) as {
    readonly rows: readonly Row[]
  }
  return String(rows[0]?.['encoding'])
}

/** A name of ours, to be compared with one of the catalog's. */
export function keyOf(knex: Knex, name: string): string {
  return fold(knex, realName(knex, name))
}

/** Only PostgreSQL tells names apart by their case. */
export function fold(knex: Knex, name: string): string {
  return dialectOf(knex) === 'postgresql' ? name : name.toLowerCase()
}

interface Address {
  readonly schema: string | null
  readonly name: string
  readonly quoted: string
}

type Read = (at: Address) => readonly [sql: string, bindings: readonly (string | null)[]]

/** The names of results are single lower-case words, which no mapping of the host's changes. */
async function readRows(
  knex: Knex,
  table: string,
  reads: Readonly<Record<'postgresql' | 'mysql' | 'sqlite', Read>>,
): Promise<readonly Row[]> {
  const dialect = dialectOf(knex)
  const { schema, name } = tableAddress(table)
  const [sql, bindings] = reads[dialect]({
    schema: schema === null ? null : realName(knex, schema),
    name: realName(knex, name),
    quoted: quoteTable(quoteOf(knex), table),
  })
  const answer: unknown = await knex.raw(sql, bindings as Knex.RawBinding[])
  if (dialect === 'postgresql') return (answer as { readonly rows: readonly Row[] }).rows
  return dialect === 'mysql' ? (answer as readonly [readonly Row[]])[0] : (answer as readonly Row[])
}
