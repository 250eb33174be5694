import type { Dialect } from './dialect.js'

/** What a column holds. */
export type ColumnType =
  /** Up to so many characters. */
  | { readonly characters: number }
  /** A text of some kilobytes. */
  | 'text'
  /** A text without a limit of ours. */
  | 'longtext'
  /** JSON without a limit of ours. */
  | 'json'
  /** A number that counts from 0. */
  | 'count'
  /** Milliseconds since the epoch, or null. */
  | 'time'
  /** A number below 1000, or null. */
  | 'status'
  | 'boolean'
  | 'price'

/** A column that one version adds to a table. */
export interface NewColumn {
  readonly name: string
  readonly type: ColumnType
  /** Always given, though it does not begin as 0. Default: false. */
  readonly isNeeded?: true
}

/** Exact, and of every character, whatever the table's own character set is. */
const mysqlText = 'character set utf8mb4 collate utf8mb4_bin'

const types: Readonly<Record<Exclude<ColumnType, object>, Readonly<Record<Dialect, string>>>> = {
  text: { postgresql: 'text', mysql: `text ${mysqlText}`, sqlite: 'text' },
  longtext: { postgresql: 'text', mysql: `longtext ${mysqlText}`, sqlite: 'text' },
  // As text: what a hostile agent can write into it would be refused by one JSON type or another.
  json: { postgresql: 'text', mysql: `longtext ${mysqlText}`, sqlite: 'text' },
  count: { postgresql: 'bigint', mysql: 'bigint', sqlite: 'bigint' },
  time: { postgresql: 'bigint', mysql: 'bigint', sqlite: 'bigint' },
  status: { postgresql: 'integer', mysql: 'int', sqlite: 'integer' },
  boolean: { postgresql: 'boolean', mysql: 'tinyint(1)', sqlite: 'boolean' },
  price: { postgresql: 'double precision', mysql: 'double', sqlite: 'double' },
}

/** Whether a column is never empty: it then begins as 0 or false. */
function isCounted({ type }: NewColumn): boolean {
  return type === 'count' || type === 'boolean' || type === 'price'
}

/** Whether a column is never null. */
export function isFilled(column: NewColumn): boolean {
  return isCounted(column) || column.isNeeded === true
}

/** A column's type and what follows it. */
export function columnSql(
  dialect: Dialect,
  column: NewColumn,
): { readonly type: string; readonly constraints: string } {
  const { type } = column
  const zero = type === 'boolean' && dialect === 'postgresql' ? 'false' : '0'
  const empty = isFilled(column) ? 'not null' : 'null'
  return {
    type: typeof type === 'object' ? characters(dialect, type.characters) : types[type][dialect],
    constraints: isCounted(column) ? `not null default ${zero}` : empty,
  }
}

function characters(dialect: Dialect, count: number): string {
  return dialect === 'mysql' ? `varchar(${count}) ${mysqlText}` : `varchar(${count})`
}
