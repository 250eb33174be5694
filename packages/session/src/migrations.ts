import type { Knex } from 'knex'
import { addVersion, dropVersion } from './migrations/apply-version.js'
import { dialectFor, quoteFor } from './migrations/dialect.js'
import type { Client } from './migrations/dialect.js'
import { downSql, upSql } from './migrations/print-sql.js'
import { conversationSteps, messageStep, stepsOf, versions } from './migrations/versions.js'
import type { TurnMigrationOptions } from './migrations/versions.js'
import { assertKnown } from './values/known-options.js'
import { defineColumns } from './migrations/table-version.js'
import type { ConversationColumns, MessageColumns, TableOptions } from './tables.js'

export type { TurnMigrationOptions } from './migrations/versions.js'
export { serversMigration, serversSql } from './migrations/servers-table.js'
export type { ServersSqlOptions, ServersTableOptions } from './migrations/servers-table.js'

/** A migration as Knex takes it. */
export interface TurnMigration {
  /**
   * Adds the columns and indexes that are missing, so that it may run again after it was interrupted. Rejects with a
   * `TypeError`, before any change, when the host has columns or indexes of these names, and names the option that helps.
   */
  readonly up: (knex: Knex) => Promise<void>
  /** Drops them, with all that is in them. */
  readonly down: (knex: Knex) => Promise<void>
}

/** One version of the columns. */
export interface NamedMigration extends TurnMigration {
  /** Never changes, so it may be the name in the host's table of migrations. */
  readonly name: string
}

/** One version of the columns as statements. */
export interface MigrationSql {
  /** As of {@link NamedMigration}. */
  readonly name: string
  /** Adds all of it, to tables that have nothing of it yet. */
  readonly up: readonly string[]
  /** Drops it, with all that is in it. */
  readonly down: readonly string[]
}

/** From which version on. */
export interface VersionOptions {
  /** The first version that the host does not have yet. Default: 1, all of them. */
  readonly from?: number
}

/** For which database statements are written. */
export interface MigrationSqlOptions extends TurnMigrationOptions, VersionOptions {
  /** The database. MariaDB is `mysql`. */
  readonly client: Client
  /**
   * PostgreSQL only: creates the indexes without a lock on the table. Such statements run one by one, outside of a
   * transaction; `up` then finds their work done. Default: false.
   */
  readonly concurrently?: boolean
}

/**
 * Every version of the columns from `from` on, oldest first, each as one step of the host's own chain. Nothing here runs
 * by itself.
 *
 * @example
 *     const [turns] = migrations({ messages: { prefix: 'ai_' } })
 *     export const { up, down } = turns
 */
export function migrations(
  options: TurnMigrationOptions & VersionOptions = {},
): readonly NamedMigration[] {
  return from(options).map(({ name, steps }) => ({
    name,
    up: (knex) => addVersion(knex, steps),
    down: (knex) => dropVersion(knex, steps),
  }))
}

/** All versions as one migration, for tables that have none of the columns. */
export function turnMigration(options: TurnMigrationOptions = {}): TurnMigration {
  const all = migrations(options)
  return {
    up: async (knex) => {
      for (const { up } of all) await up(knex)
    },
    down: async (knex) => {
      for (const { down } of all.toReversed()) await down(knex)
    },
  }
}

/**
 * The versions as Knex's migrator takes them. Beside a directory of migrations of the host's own it needs a table of its
 * own, since Knex misses in one source what it noted from another.
 *
 * @example
 *     await knex.migrate.latest({
 *       migrationSource: migrationSource(),
 *       tableName: 'turnstead_migrations',
 *     })
 */
export function migrationSource(
  options: TurnMigrationOptions = {},
): Knex.MigrationSource<NamedMigration> {
  const all = migrations(options)
  return {
    getMigrations: async () => [...all],
    getMigrationName: ({ name }) => name,
    getMigration: async ({ up, down }) => ({ up, down }),
  }
}

/**
 * The versions as plain SQL, made without a connection: for a chain that is not Knex's, or to be read before it runs. Names
 * are used as they are given.
 *
 * @example
 *     for (const { up } of migrationSql({ client: 'pg' })) console.log(`${up.join(';\n')};`)
 */
export function migrationSql(options: MigrationSqlOptions): readonly MigrationSql[] {
  const { client, concurrently = false } = Object(options) as MigrationSqlOptions
  const dialect = dialectFor(client)
  if (concurrently && client !== 'pg') {
    throw new TypeError('`concurrently` is for PostgreSQL: the others have no such statement.')
  }
  const writing = { dialect, quote: quoteFor(dialect), concurrently }
  return from(options).map(({ name, steps }) => ({
    name,
    up: upSql(writing, steps),
    down: downSql(writing, steps),
  }))
}

/**
 * Adds to a table that is being created all that a conversation needs, but its key and title. Takes the same options
 * as the store; without `table`, the indexes are named as for `conversations`.
 */
export function conversationColumns(
  table: Knex.CreateTableBuilder,
  options: TableOptions<ConversationColumns> = {},
): void {
  const steps = versions.flatMap((version) => conversationSteps(version, options))
  for (const step of steps) defineColumns(table, step)
}

/**
 * Adds to a table that is being created all that a turn needs, but its key and the conversation's. The status is null
 * until the host writes `pending`, so other messages are no turns. Without `table`, the indexes are named as for
 * `messages`.
 */
export function messageColumns(
  table: Knex.CreateTableBuilder,
  options: TableOptions<MessageColumns> = {},
): void {
  for (const version of versions) defineColumns(table, messageStep(version, options))
}

/** Those of `assertSchema` are no mistake: a host gives both the same. */
const known = {
  conversations: true,
  messages: true,
  indexPrefix: true,
  from: true,
  client: true,
  concurrently: true,
  outbox: true,
  history: true,
  servers: true,
  artifacts: true,
} as const

function from(options: TurnMigrationOptions & VersionOptions): ReturnType<typeof stepsOf> {
  assertKnown('A migration', options, known)
  const { from: first = 1 } = options
  if (!Number.isSafeInteger(first) || first < 1 || first > versions.length + 1) {
    throw new RangeError(`\`from\` must be a version of the columns, 1 to ${versions.length + 1}.`)
  }
  return stepsOf(options).slice(first - 1)
}
