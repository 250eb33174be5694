/// <reference path="./knex-dialect.d.ts" />
import knex, { type Knex } from 'knex'
import BetterSqlite3Dialect from 'knex/lib/dialects/better-sqlite3/index.js'
import Database from 'libsql'

/**
 * Knex over libsql. Kept apart from `@turnstead/session/libsql` on purpose: test support that used the
 * code under test could not show its faults.
 */
class LibsqlTestDialect extends BetterSqlite3Dialect {
  override _driver(): unknown {
    return Database
  }
}

export function createSqliteKnex(filename: string): Knex {
  return knex({
    client: LibsqlTestDialect as unknown as typeof Knex.Client,
    connection: { filename },
    useNullAsDefault: true,
    pool: {
      min: 1,
      max: 1,
      afterCreate: (connection: Database.Database, done: (error?: Error) => void) => {
        connection.pragma('busy_timeout = 5000')
        connection.pragma('journal_mode = WAL')
        connection.pragma('synchronous = OFF')
        connection.pragma('foreign_keys = ON')
        done()
      },
    },
  })
}
