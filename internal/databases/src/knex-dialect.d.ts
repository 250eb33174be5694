declare module 'knex/lib/dialects/better-sqlite3/index.js' {
  /** Knex's own dialect for better-sqlite3, which has no types. */
  export default class BetterSqlite3Dialect {
    _driver(): unknown
  }
}
