import type { Client } from './dialect.js'
import { tablesMigration, tablesSql } from './own-tables.js'
import type { TablesMigration, TablesSql } from './own-tables.js'
import type { TableStep } from './table-version.js'

/** Where the history of conversations is. */
export interface HistoryTableOptions {
  /** Its name, `schema.table` where it is not on the search path. Default: `turnstead_history`. */
  readonly table?: string
}

/** For which database {@link historySql} writes. */
export interface HistorySqlOptions extends HistoryTableOptions {
  /** The database. MariaDB is `mysql`. */
  readonly client: Client
}

/** @internal */
export function historyTable({ table = 'turnstead_history' }: HistoryTableOptions = {}): string {
  return table
}

/** @internal Of the migration; never changes. */
export const historyVersion = 'turnstead-history-001'

/** @internal The table as a step of a schema. */
export function historyStep(options: HistoryTableOptions = {}): TableStep {
  return {
    option: 'history',
    table: historyTable(options),
    indexPrefix: 'turnstead_history_',
    version: {
      columns: [
        // A digest of conversation and position: there is one row for both.
        { name: 'id', type: { characters: 64 }, isNeeded: true },
        { name: 'conversation_id', type: { characters: 255 }, isNeeded: true },
        { name: 'position', type: 'count' },
        { name: 'turn_id', type: { characters: 255 }, isNeeded: true },
        { name: 'session_id', type: { characters: 255 }, isNeeded: true },
        { name: 'newest_id', type: { characters: 255 }, isNeeded: true },
        { name: 'previous_id', type: { characters: 255 } },
        { name: 'session_updated_at', type: 'count' },
        { name: 'server', type: { characters: 255 } },
        { name: 'lacks', type: 'text' },
        { name: 'fence', type: 'count' },
        { name: 'kept_at', type: 'count' },
        { name: 'sha256', type: { characters: 64 }, isNeeded: true },
        { name: 'encoding', type: { characters: 16 }, isNeeded: true },
        { name: 'body', type: 'longtext', isNeeded: true },
      ],
      indexes: [{ purpose: 'position', columns: ['conversation_id', 'position'], unique: false }],
    },
  }
}

/**
 * The table of a history as one step of the host's own chain: `{ name, up, down }`. `up` goes on where it was interrupted.
 */
export function historyMigration(options: HistoryTableOptions = {}): TablesMigration {
  return tablesMigration(historyVersion, [historyStep(options)])
}

/** The same step as plain SQL, made without a connection: for a chain that is not Knex's, or to be read before it runs. */
export function historySql(options: HistorySqlOptions): TablesSql {
  return tablesSql(options.client, historyVersion, [historyStep(options)])
}
