import type { Knex } from 'knex'
import { addVersion } from './apply-version.js'
import { readColumns } from './catalog.js'
import { createIndexSql, createTableSql } from './definition.js'
import { dialectFor, dialectOf, quoteFor, quoteOf, quoteTable } from './dialect.js'
import type { Client } from './dialect.js'
import { indexName } from './table-version.js'
import type { TableStep, TableVersion } from './table-version.js'

/** Where the events are. */
export interface OutboxTableOptions {
  /** Its name, `schema.table` where it is not on the search path. Default: `turnstead_outbox`. */
  readonly table?: string
}

/** For which database {@link outboxSql} writes. */
export interface OutboxSqlOptions extends OutboxTableOptions {
  /** The database. MariaDB is `mysql`. */
  readonly client: Client
}

/** @internal */
export function outboxTable({ table = 'turnstead_outbox' }: OutboxTableOptions = {}): string {
  return table
}

/** @internal Of the migration; never changes. */
export const outboxVersion = 'turnstead-outbox-001'

/** What its columns hold. */
const columns: TableVersion['columns'] = [
  { name: 'id', type: { characters: 64 }, isNeeded: true },
  { name: 'type', type: { characters: 32 }, isNeeded: true },
  { name: 'turn_id', type: { characters: 255 }, isNeeded: true },
  { name: 'conversation_id', type: { characters: 255 }, isNeeded: true },
  { name: 'at', type: 'count' },
  { name: 'status', type: { characters: 16 } },
  { name: 'reason', type: 'longtext' },
  { name: 'ask_id', type: { characters: 255 } },
  { name: 'attempts', type: 'count' },
  // Null once it needs no delivery any more.
  { name: 'due_at', type: 'time' },
  { name: 'delivered_at', type: 'time' },
  { name: 'dead_at', type: 'time' },
  { name: 'error', type: 'text' },
]

/** @internal The table as a step of a schema. */
export function outboxStep(options: OutboxTableOptions = {}): TableStep {
  return {
    option: 'outbox',
    table: outboxTable(options),
    indexPrefix: 'turnstead_outbox_',
    version: {
      columns,
      indexes: ['due_at', 'delivered_at', 'dead_at'].map((column) => ({
        purpose: column,
        columns: [column],
        unique: false,
      })),
    },
  }
}

/**
 * The table of an outbox as one step of the host's own chain: `{ name, up, down }`. `up` goes on where it was interrupted.
 */
export function outboxMigration(options: OutboxTableOptions = {}): {
  readonly name: string
  readonly up: (knex: Knex) => Promise<void>
  readonly down: (knex: Knex) => Promise<void>
} {
  const step = outboxStep(options)
  return {
    name: outboxVersion,
    async up(knex) {
      const writing = { dialect: dialectOf(knex), quote: quoteOf(knex) }
      const present = await readColumns(knex, step.table)
      if (present.length === 0) await knex.raw(createTableSql(writing, step))
      await addVersion(knex, [step])
    },
    async down(knex) {
      await knex.raw(`drop table if exists ${quoteTable(quoteOf(knex), step.table)}`)
    },
  }
}

/** The same step as plain SQL, made without a connection: for a chain that is not Knex's, or to be read before it runs. */
export function outboxSql(options: OutboxSqlOptions): {
  readonly name: string
  readonly up: readonly string[]
  readonly down: readonly string[]
} {
  const dialect = dialectFor(options.client)
  const writing = { dialect, quote: quoteFor(dialect) }
  const step = outboxStep(options)
  const { table, version } = step
  return {
    name: outboxVersion,
    up: [
      createTableSql(writing, step),
      ...version.indexes.map((index) =>
        createIndexSql(writing, table, { ...index, name: indexName(step, index) }),
      ),
    ],
    down: [`drop table ${quoteTable(writing.quote, table)}`],
  }
}
