import type { Client } from './dialect.js'
import { tablesMigration, tablesSql } from './own-tables.js'
import type { TablesMigration, TablesSql } from './own-tables.js'
import type { TableStep } from './table-version.js'

/** Where it is kept what was said of servers. */
export interface ServersTableOptions {
  /** Its name, `schema.table` where it is not on the search path. Default: `turnstead_servers`. */
  readonly table?: string
}

/** For which database {@link serversSql} writes. */
export interface ServersSqlOptions extends ServersTableOptions {
  /** The database. MariaDB is `mysql`. */
  readonly client: Client
}

/** @internal */
export function serversTable({ table = 'turnstead_servers' }: ServersTableOptions = {}): string {
  return table
}

/** @internal Of the migration; never changes. */
export const serversVersion = 'turnstead-servers-001'

/** @internal The table as a step of a schema. */
export function serversStep(options: ServersTableOptions = {}): TableStep {
  return {
    option: 'servers',
    table: serversTable(options),
    indexPrefix: 'turnstead_servers_',
    version: {
      columns: [
        // A digest of the name, since names differ in case and databases compare without it.
        { name: 'id', type: { characters: 64 }, isNeeded: true },
        { name: 'name', type: { characters: 255 }, isNeeded: true },
        { name: 'state', type: { characters: 16 }, isNeeded: true },
        { name: 'marked_at', type: 'count' },
      ],
      indexes: [],
    },
  }
}

/**
 * The table of servers as one step of the host's own chain: `{ name, up, down }`. `up` goes on where it was interrupted. Only a
 * host with several servers needs it.
 */
export function serversMigration(options: ServersTableOptions = {}): TablesMigration {
  return tablesMigration(serversVersion, [serversStep(options)])
}

/** The same step as plain SQL, made without a connection: for a chain that is not Knex's, or to be read before it runs. */
export function serversSql(options: ServersSqlOptions): TablesSql {
  return tablesSql(options.client, serversVersion, [serversStep(options)])
}
