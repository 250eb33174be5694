import type { Knex } from 'knex'
import { SessionError } from '../errors.js'
import type { Tables } from '../tables.js'
import { isOver, retire, startDeadline, withConnection } from '../database/connection.js'
import type { Deadline } from '../database/connection.js'
import {
  isLostConnection,
  isLostRace,
  isMissingSchema,
  isPassing,
  isReadOnly,
  isRefusedEarly,
} from '../database/passing.js'

const maxAttempts = 6
const racePauseMs = 10
const outagePauseMs = 25
const maySurpassBytes = 512 * 1024

/** What a statement runs with. */
export type QueryContext = Pick<Tables, 'knex' | 'clock' | 'statementMs'>

/** A statement as it is built, once for each attempt. */
type Build<Result> = (knex: Knex) => PromiseLike<Result> & Knex.ChainableInterface

/** How a statement may be treated. */
export interface QueryOptions {
  /**
   * It may run again although it perhaps took effect already: reads, and writes that are the same a second time and say so.
   * Default: false.
   */
  readonly isRepeatable?: boolean
  /** Written with it, in one transaction, if it changed a row. */
  readonly also?: (knex: Knex, connection: unknown) => Promise<void>
}

/**
 * Runs one statement, again when it lost against another transaction, or when a failure that passes left it undone. Its
 * attempts together are bounded by `statementMs`. Knex puts the statement and, outside production, its values into the
 * message of its errors; ours names only the row, and keeps Knex's as the cause.
 */
export async function query<Result>(
  tables: QueryContext,
  what: string,
  build: Build<Result>,
  options: QueryOptions = {},
): Promise<Result> {
  return attempt(tables, { what, build, ...options })
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
  options: QueryOptions = {},
): Promise<boolean> {
  const before = 'set transaction isolation level read committed'
  const changed = await attempt(tables, { what, build, ...options, before })
  return Number(changed) > 0
}

interface Attempt<Result> extends QueryOptions {
  readonly what: string
  readonly build: Build<Result>
  /** On MySQL, on the same connection. */
  readonly before?: string
}

async function attempt<Result>(tables: QueryContext, work: Attempt<Result>): Promise<Result> {
  const knex = tables.knex()
  const deadline = startDeadline(tables.statementMs)
  for (let count = 1; ; count += 1) {
    const run = { isSent: false }
    try {
      return await runOnce(knex, deadline, work, run)
    } catch (cause) {
      const isLast = count === maxAttempts || isOver(deadline)
      if (isLostRace(cause) && !isLast) {
        await tables.clock.sleep(racePauseMs * count)
        continue
      }
      const retryable = isPassing(cause) && !(await isTooLarge(tables, knex, work.build, cause))
      const isUndone = !run.isSent || work.isRepeatable === true || isRefusedEarly(cause)
      if (retryable && isUndone && !isLast) {
        await tables.clock.sleep(outagePauseMs * 2 ** (count - 1))
        continue
      }
      throw new SessionError(
        'database_failed',
        isMissingSchema(cause)
          ? `The database could not ${work.what}, since a table or a column is missing there: run our migrations with the options of this store. \`assertSchema\` says what is missing; see \`cause\`.`
          : `The database could not ${work.what}; see \`cause\`.`,
        { cause, retryable },
      )
    }
  }
}

async function runOnce<Result>(
  knex: Knex,
  deadline: Deadline,
  { build, before, also }: Attempt<Result>,
  run: { isSent: boolean },
): Promise<Result> {
  return withConnection(knex, deadline, async (connection) => {
    if (before !== undefined && isMySql(knex)) await knex.raw(before).connection(connection)
    run.isSent = true
    try {
      if (also === undefined) return await build(knex).connection(connection)
      return await together(knex, connection, async () => {
        const result = await build(knex).connection(connection)
        if (Number(result) > 0) await also(knex, connection)
        return result
      })
    } catch (error) {
      // After a failover the old primary may be there again, as a replica.
      if (isReadOnly(error)) retire(connection, error)
      throw error
    }
  })
}

/** The one place where two rows are written: what happened to a turn, and that someone has to be told. */
async function together<Result>(
  knex: Knex,
  connection: unknown,
  write: () => Promise<Result>,
): Promise<Result> {
  const run = (sql: string): Promise<unknown> =>
    Promise.resolve(knex.raw(sql).connection(connection))
  // SQLite's would only find at its first write that another one writes.
  await run(knex.client.dialect === 'sqlite3' ? 'begin immediate' : 'begin')
  try {
    const result = await write()
    await run('commit')
    return result
  } catch (error) {
    // One that cannot be ended must not go back to the pool.
    await run('rollback').catch((reason: unknown) => retire(connection, reason))
    throw error
  }
}

/** MySQL hangs up on a statement beyond its limit, now with the right error, now while we still write. */
async function isTooLarge(
  { clock, statementMs }: QueryContext,
  knex: Knex,
  build: Build<unknown>,
  cause: unknown,
): Promise<boolean> {
  if (!isMySql(knex) || !isLostConnection(cause)) return false
  const bytes = Buffer.byteLength(build(knex).toQuery())
  if (bytes < maySurpassBytes) return false
  const deadline = startDeadline(statementMs)
  for (let count = 1; count <= maxAttempts && !isOver(deadline); count += 1) {
    try {
      const [[row]] = await withConnection(
        knex,
        deadline,
        async (connection) =>
          (await knex.raw('select @@max_allowed_packet as packet').connection(connection)) as [
            [{ readonly packet: unknown }],
          ],
      )
      return bytes >= Number(row.packet)
    } catch {
      // The pool may give out a connection that was hung up on, too.
      await clock.sleep(racePauseMs * count)
    }
  }
  return false
}

function isMySql(knex: Knex): boolean {
  return knex.client.dialect === 'mysql'
}
