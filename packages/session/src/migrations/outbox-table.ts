import type { Client } from './dialect.js'
import { tablesMigration, tablesSql } from './own-tables.js'
import type { TablesMigration, TablesSql } from './own-tables.js'
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
export function outboxMigration(options: OutboxTableOptions = {}): TablesMigration {
  return tablesMigration(outboxVersion, [outboxStep(options)])
}

/** The same step as plain SQL, made without a connection: for a chain that is not Knex's, or to be read before it runs. */
export function outboxSql(options: OutboxSqlOptions): TablesSql {
  return tablesSql(options.client, outboxVersion, [outboxStep(options)])
}
