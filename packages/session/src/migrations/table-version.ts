import { createHash } from 'node:crypto'
import type { Knex } from 'knex'
import { columnSql } from './column-types.js'
import type { NewColumn } from './column-types.js'
import { dialectOf, tableAddress } from './dialect.js'

/** An index that one version adds. */
export interface NewIndex {
  /** What it is for, in the index's name. */
  readonly purpose: string
  readonly columns: readonly string[]
  readonly unique: boolean
}

/** What one version adds to one table. The first column shows whether the others are ours or the host's. */
export interface TableVersion {
  readonly columns: readonly [NewColumn, ...NewColumn[]]
  readonly indexes: readonly NewIndex[]
}

/** One of the host's tables and what a version adds to it. */
export interface TableStep {
  /** How the options call it. */
  readonly option: string
  readonly table: string
  readonly indexPrefix: string
  readonly version: TableVersion
}

/** What the names of the indexes begin with unless the host says otherwise. */
export const defaultIndexPrefix = 'turnstead_'

// PostgreSQL cuts names above 63 in silence, MySQL refuses them above 64.
const longestPrefix = 24
const hashLength = 8

/**
 * The names of indexes share one namespace in a schema, with tables too, so these say whose they are. The hash keeps
 * those of a second pair of tables apart, and those of two sets of columns on one table.
 */
export function indexName({ table, indexPrefix }: TableStep, index: NewIndex): string {
  const { name: bare } = tableAddress(table)
  const place = JSON.stringify([bare, ...index.columns])
  const name = `${indexPrefix}${index.purpose}`
  if (usualPlaces.has(`${index.purpose} ${place}`)) return name
  return `${name}_${createHash('sha256').update(place).digest('hex').slice(0, hashLength)}`
}

/** Where the indexes are when a host names nothing otherwise: those need no hash. */
const usualPlaces: ReadonlySet<string> = new Set(
  [
    ['session', 'conversations', 'opencode_session_id'],
    ['owner', 'conversations', 'turn_owner'],
    ['open', 'messages', 'turn_status', 'turn_closed_at', 'conversation_id'],
    ['pending', 'messages', 'turn_status', 'turn_pending_since'],
    ['waiting', 'messages', 'turn_waiting_since'],
    ['due', 'messages', 'turn_due_at'],
  ].map(([purpose, ...place]) => `${purpose} ${JSON.stringify(place)}`),
)

/** @internal */
export function assertIndexPrefix(prefix: string): string {
  if (typeof prefix === 'string' && prefix !== '' && prefix.length <= longestPrefix) return prefix
  throw new TypeError(`\`indexPrefix\` must have 1 to ${longestPrefix} characters.`)
}

/** All of a version, into a table that is being created. */
export function defineColumns(builder: Knex.CreateTableBuilder, step: TableStep): void {
  // Knex has no type for it.
  const dialect = dialectOf(builder as unknown as Knex)
  for (const column of step.version.columns) {
    const { type, constraints } = columnSql(dialect, column)
    builder.specificType(column.name, `${type} ${constraints}`)
  }
  for (const index of step.version.indexes) {
    const name = indexName(step, index)
    if (index.unique) builder.unique([...index.columns], { indexName: name })
    else builder.index([...index.columns], name)
  }
}
