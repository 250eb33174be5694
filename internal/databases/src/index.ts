/**
 * Real databases for the test suites: `databases` lists every kind, each with the reason why it cannot run here, and
 * `open()` gives a fresh, isolated one.
 */
export { databases } from './databases.js'
export type { DatabaseKind, DatabaseName, OpenDatabase, OpenOptions } from './kind.js'
export { pgBouncerProblem, startPgBouncer } from './pgbouncer.js'
export type { PgBouncer } from './pgbouncer.js'
