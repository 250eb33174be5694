import { startEmbeddedPostgres } from '../../src/embedded-postgres.js'

/** Starts a server, tells its address, and stays until it is killed. */
process.stdout.write(`${await startEmbeddedPostgres()}\n`)
setInterval(() => undefined, 60_000)
