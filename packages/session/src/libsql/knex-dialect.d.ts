declare module 'knex/lib/dialects/better-sqlite3/index.js' {
  /** Knex's own dialect for better-sqlite3, for which Knex has no types. */
  export default class BetterSqlite3Dialect {
    _driver(): unknown
    transaction(...args: readonly unknown[]): {
      begin(connection: unknown): Promise<unknown>
      query(connection: unknown, sql: string): Promise<unknown>
    }
  }
}
