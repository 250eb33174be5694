import type { Client } from './dialect.js'
import { tablesMigration, tablesSql } from './own-tables.js'
import type { TablesMigration, TablesSql } from './own-tables.js'
import type { TableStep, TableVersion } from './table-version.js'

/** Where the rows of files are. */
export interface ArtifactTableOptions {
  /** Name of the files' table, `schema.table` where it is not on the search path. Default: `turnstead_artifacts`. */
  readonly table?: string
  /** Name of the table of keys that may have no row. Default: the files' table and `_keys`. */
  readonly keysTable?: string
}

/** For which database {@link artifactSql} writes. */
export interface ArtifactSqlOptions extends ArtifactTableOptions {
  /** The database. MariaDB is `mysql`. */
  readonly client: Client
}

/** @internal */
export function artifactTables({
  table = 'turnstead_artifacts',
  keysTable = `${table}_keys`,
}: ArtifactTableOptions = {}): { readonly files: string; readonly keys: string } {
  return { files: table, keys: keysTable }
}

/** @internal Of the migration; never changes. */
export const artifactVersion = 'turnstead-artifacts-001'

const files: TableVersion = {
  columns: [
    // A digest of turn and path: there is one row for both.
    { name: 'id', type: { characters: 64 }, isNeeded: true },
    { name: 'artifact_id', type: { characters: 80 }, isNeeded: true },
    { name: 'turn_id', type: { characters: 255 }, isNeeded: true },
    { name: 'conversation_id', type: { characters: 255 } },
    { name: 'path', type: 'longtext', isNeeded: true },
    { name: 'name', type: { characters: 255 }, isNeeded: true },
    { name: 'store_key', type: { characters: 512 }, isNeeded: true },
    { name: 'content_type', type: { characters: 255 }, isNeeded: true },
    { name: 'size_bytes', type: 'count' },
    { name: 'sha256', type: { characters: 64 }, isNeeded: true },
    { name: 'source', type: { characters: 32 }, isNeeded: true },
    { name: 'tool', type: 'text', isNeeded: true },
    { name: 'call_id', type: 'text' },
    { name: 'session_id', type: 'text' },
    { name: 'is_trusted', type: 'boolean' },
    { name: 'stored_at', type: 'count' },
  ],
  indexes: [['turn_id'], ['conversation_id'], ['store_key'], ['stored_at', 'id']].map(
    (columns) => ({ purpose: columns[0] ?? '', columns, unique: false }),
  ),
}

const keys: TableVersion = {
  columns: [
    { name: 'store_key', type: { characters: 512 }, isNeeded: true },
    { name: 'announced_at', type: 'count' },
    // Null unless somebody is removing the bytes.
    { name: 'removing_until', type: 'time' },
  ],
  indexes: [{ purpose: 'announced_at', columns: ['announced_at'], unique: false }],
}

/** @internal The tables as steps of a schema. */
export function artifactSteps(options: ArtifactTableOptions = {}): readonly TableStep[] {
  const tables = artifactTables(options)
  const indexPrefix = 'turnstead_files_'
  return [
    { option: 'artifacts', table: tables.files, indexPrefix, version: files },
    { option: 'artifacts', table: tables.keys, indexPrefix, version: keys },
  ]
}

/**
 * The two tables of a catalog as one step of the host's own chain: `{ name, up, down }`. `up` goes on where it was interrupted.
 */
export function artifactMigration(options: ArtifactTableOptions = {}): TablesMigration {
  return tablesMigration(artifactVersion, artifactSteps(options))
}

/** The same step as plain SQL, made without a connection: for a chain that is not Knex's, or to be read before it runs. */
export function artifactSql(options: ArtifactSqlOptions): TablesSql {
  return tablesSql(options.client, artifactVersion, artifactSteps(options))
}
