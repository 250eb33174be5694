import type { Knex } from 'knex'
import { SessionError } from '../errors.js'
import type { Tables } from '../tables.js'
import { isLostConnection, isLostRace, isPassing } from './passing.js'

const maxAttempts = 6
const pauseMs = 10
const maySurpassBytes = 512 * 1024

/** What a statement runs with. */
export type QueryContext = Pick<Tables, 'knex' | 'clock'>

/** A statement as it is built, once for each attempt. */
type Build<Result> = (knex: Knex) => PromiseLike<Result> & Knex.ChainableInterface

/**
 * Runs one statement, again when it only lost against another transaction. Knex puts the statement and, outside
 * production, its values into the message of its errors; ours names only the row, and keeps Knex's as the cause.
 */
export async function query<Result>(
  tables: QueryContext,
  what: string,
  build: Build<Result>,
): Promise<Result> {
  return attempt(tables, what, build, async (knex) => await build(knex))
}

/**
 * Runs one update whose condition reads another table. At MySQL's default isolation such a read locks the other row until
 * the update is through, also while that waits for its own row: it would block our own renewals, and deadlock
 * with hosts that write both. The next statement of this connection alone reads without locks.
 */
export async function guardedUpdate(
  tables: QueryContext,
  what: string,
  build: Build<number>,
): Promise<boolean> {
  const changed = await attempt(tables, what, build, async (knex) => {
    if (!isMySql(knex)) return await build(knex)
    const client = knex.client as Knex.Client
    const connection: unknown = await client.acquireConnection()
    try {
      await knex.raw('set transaction isolation level read committed').connection(connection)
      return await build(knex).connection(connection)
    } finally {
      await client.releaseConnection(connection)
    }
  })
  return Number(changed) > 0
}

async function attempt<Result>(
  tables: QueryContext,
  what: string,
  build: Build<Result>,
  run: (knex: Knex) => Promise<Result>,
): Promise<Result> {
  const knex = tables.knex()
  for (let count = 1; ; count += 1) {
    try {
      return await run(knex)
    } catch (cause) {
      if (isLostRace(cause) && count < maxAttempts) {
        await tables.clock.sleep(pauseMs * count)
        continue
      }
      const retryable = isPassing(cause) && !(await isTooLarge(tables, knex, build, cause))
      throw new SessionError('database_failed', `The database could not ${what}; see \`cause\`.`, {
        cause,
        retryable,
      })
    }
  }
}

/** MySQL hangs up on a statement beyond its limit, now with the right error, now while we still write. */
async function isTooLarge(
  { clock }: QueryContext,
  knex: Knex,
  build: Build<unknown>,
  cause: unknown,
): Promise<boolean> {
  if (!isMySql(knex) || !isLostConnection(cause)) return false
  const bytes = Buffer.byteLength(build(knex).toQuery())
  if (bytes < maySurpassBytes) return false
  for (let count = 1; count <= maxAttempts; count += 1) {
    try {
      const [[row]] = (await knex.raw('select @@max_allowed_packet as packet')) as [
        [{ readonly packet: unknown }],
      ]
      return bytes >= Number(row.packet)
    } catch {
      // The pool may give out a connection that was hung up on, too.
      await clock.sleep(pauseMs * count)
    }
  }
  return false
}

function isMySql(knex: Knex): boolean {
  return knex.client.dialect === 'mysql'
}
