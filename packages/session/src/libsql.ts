/**
 * Knex on SQLite without a native build: `createLibsqlKnex({ filename })`, or `LibsqlClient` as the `client`
 * of a host's own configuration.
 */
export { createLibsqlKnex, LibsqlClient } from './libsql/client.js'
export type { LibsqlKnexOptions } from './libsql/client.js'
