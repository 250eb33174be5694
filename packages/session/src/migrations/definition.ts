import { columnSql } from './column-types.js'
import type { NewColumn } from './column-types.js'
import { quoteTable, tableAddress } from './dialect.js'
import type { Dialect, Quote } from './dialect.js'
import type { NewIndex, TableStep } from './table-version.js'

/** How statements are written for one database. */
export interface Writing {
  readonly dialect: Dialect
  readonly quote: Quote
  /** Indexes without a lock on the table, on PostgreSQL and outside of a transaction only. Default: false. */
  readonly concurrently?: boolean
}

/** Creates a table of our own, whose first column is its key. */
export function createTableSql(
  { dialect, quote }: Writing,
  { table, version }: Pick<TableStep, 'table' | 'version'>,
): string {
  const [key] = version.columns
  const defined = version.columns.map((column) => {
    const { type, constraints } = columnSql(dialect, column)
    return `${quote(column.name)} ${type} ${constraints}${column === key ? ' primary key' : ''}`
  })
  return `create table ${quoteTable(quote, table)} (${defined.join(', ')})`
}

/** Adds columns, in one statement where the database can: then there are all of them or none. */
export function addColumnsSql(
  { dialect, quote }: Writing,
  table: string,
  columns: readonly NewColumn[],
): readonly string[] {
  const added = columns.map((column) => {
    const { type, constraints } = columnSql(dialect, column)
    return `add column ${quote(column.name)} ${type} ${constraints}`
  })
  return alterations({ dialect, quote }, table, added)
}

/** Drops columns, and on PostgreSQL their indexes with them. */
export function dropColumnsSql(
  writing: Writing,
  table: string,
  columns: readonly string[],
): readonly string[] {
  const dropped = columns.map((name) => `drop column ${writing.quote(name)}`)
  // Columns that MariaDB drops in an instant go on to count for the size of a row, until it refuses new ones.
  const rebuilt = writing.dialect === 'mysql' && columns.length > 0 ? ['force'] : []
  return alterations(writing, table, [...dropped, ...rebuilt])
}

/** Creates an index. */
export function createIndexSql(
  { dialect, quote, concurrently = false }: Writing,
  table: string,
  { name, columns, unique }: Pick<NewIndex, 'columns' | 'unique'> & { readonly name: string },
): string {
  const { schema, name: bare } = tableAddress(table)
  // SQLite puts the schema before the index, the others before the table.
  const isBefore = dialect === 'sqlite' && schema !== null
  const index = isBefore ? `${quote(schema)}.${quote(name)}` : quote(name)
  const on = isBefore ? quote(bare) : quoteTable(quote, table)
  const kind = `${unique ? 'unique index' : 'index'}${concurrently ? ' concurrently' : ''}`
  return `create ${kind} ${index} on ${on} (${columns.map(quote).join(', ')})`
}

/** Drops an index; on PostgreSQL it goes with its columns. */
export function dropIndexSql({ dialect, quote }: Writing, table: string, name: string): string {
  const { schema } = tableAddress(table)
  if (dialect === 'mysql') return `drop index ${quote(name)} on ${quoteTable(quote, table)}`
  return `drop index ${schema === null ? '' : `${quote(schema)}.`}${quote(name)}`
}

function alterations(
  { dialect, quote }: Writing,
  table: string,
  parts: readonly string[],
): readonly string[] {
  if (parts.length === 0) return []
  const alter = `alter table ${quoteTable(quote, table)}`
  // SQLite alters one column at a time.
  if (dialect === 'sqlite') return parts.map((part) => `${alter} ${part}`)
  return [`${alter} ${parts.join(', ')}`]
}
