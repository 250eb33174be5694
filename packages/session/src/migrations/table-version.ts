import { createHash } from 'node:crypto'
import type { Knex } from 'knex'

/** A column that one version adds to a table. */
export interface NewColumn {
  readonly name: string
  readonly add: (table: Knex.CreateTableBuilder) => void
}

/** An index that one version adds. */
export interface NewIndex {
  readonly columns: readonly string[]
  readonly unique: boolean
}

/** What one version adds to one table. The first column shows whether the others are ours or the host's. */
export interface TableVersion {
  readonly columns: readonly [NewColumn, ...NewColumn[]]
  readonly indexes: readonly NewIndex[]
}

// PostgreSQL cuts longer names in silence, MySQL refuses them above 64.
const longestName = 63
const hashLength = 8

/** Explicit, since index names are unique in a schema and the generated ones grow with the table's name. */
export function indexName(table: string, { columns, unique }: NewIndex): string {
  const { name: bare } = tableAddress(table)
  const name = [bare, ...columns, unique ? 'unique' : 'index'].join('_')
  if (name.length <= longestName) return name
  const hash = createHash('sha256').update(name).digest('hex').slice(0, hashLength)
  return `${name.slice(0, longestName - hashLength - 1)}_${hash}`
}

/** `schema.table` in its two halves. */
export function tableAddress(table: string): {
  readonly schema: string | null
  readonly name: string
} {
  const dot = table.lastIndexOf('.')
  return dot < 0
    ? { schema: null, name: table }
    : { schema: table.slice(0, dot), name: table.slice(dot + 1) }
}

/** All of a version, into a table that is being created. */
export function defineColumns(
  builder: Knex.CreateTableBuilder,
  table: string,
  { columns, indexes }: TableVersion,
): void {
  for (const { add } of columns) add(builder)
  for (const index of indexes) defineIndex(builder, table, index)
}

/** One index, into a table that is being created or altered. */
export function defineIndex(
  builder: Knex.CreateTableBuilder,
  table: string,
  index: NewIndex,
): void {
  const name = indexName(table, index)
  if (index.unique) builder.unique([...index.columns], { indexName: name })
  else builder.index([...index.columns], name)
}
