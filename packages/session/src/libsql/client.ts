/// <reference path="./knex-dialect.d.ts" />
import knex, { type Knex } from 'knex'
import BetterSqlite3Dialect from 'knex/lib/dialects/better-sqlite3/index.js'
import Database from 'libsql'
import { assertDuration } from '../values/asserts.js'

/** Where the database is. */
export interface LibsqlKnexOptions {
  /** Path of the file; it is created when missing. `:memory:` works, as one database per Knex. */
  readonly filename: string
  /** How long a statement waits for another process's write, in milliseconds. Default: 5000. */
  readonly busyTimeoutMs?: number
}

/**
 * The libsql driver has the interface of better-sqlite3. Knex begins transactions with a plain `BEGIN`, which takes the write
 * lock only at the first write: by then another process may have written, and SQLite fails with a busy
 * snapshot that no timeout cures.
 */
class LibsqlDialect extends BetterSqlite3Dialect {
  override _driver(): unknown {
    return Database
  }

  override transaction(
    ...args: readonly unknown[]
  ): ReturnType<BetterSqlite3Dialect['transaction']> {
    const transaction = super.transaction(...args)
    transaction.begin = (connection) => transaction.query(connection, 'BEGIN IMMEDIATE;')
    return transaction
  }
}

/** A Knex client for SQLite files over `libsql`, whose transactions take the write lock at once. */
export const LibsqlClient: typeof Knex.Client = LibsqlDialect as unknown as typeof Knex.Client

/**
 * Knex with one connection to a SQLite file: write-ahead log, foreign keys on. Use one per process and file: the driver
 * is synchronous, so a second handle in the same process waits for the first without an end.
 *
 * @example
 * const knex = createLibsqlKnex({ filename: 'app.db' })
 */
export function createLibsqlKnex(options: LibsqlKnexOptions): Knex {
  const { filename } = options
  if (typeof filename !== 'string' || filename === '') {
    throw new TypeError('`filename` must be the path of a SQLite file, or `:memory:`.')
  }
  const busyTimeoutMs = assertDuration('busyTimeoutMs', options.busyTimeoutMs ?? 5000)
  return knex({
    client: LibsqlClient,
    connection: { filename },
    useNullAsDefault: true,
    pool: {
      min: 1,
      max: 1,
      afterCreate: (connection: Database.Database, done: (error?: Error) => void) => {
        connection.pragma(`busy_timeout = ${busyTimeoutMs}`)
        connection.pragma('journal_mode = WAL')
        connection.pragma('synchronous = NORMAL')
        connection.pragma('foreign_keys = ON')
        done()
      },
    },
  })
}
