import { SessionError } from './errors.js'

/**
 * Runs one statement. Knex puts the statement and, outside production, its values into the message of its
 * errors; ours names only the row, and keeps Knex's as the cause.
 */
export async function query<Result>(what: string, statement: PromiseLike<Result>): Promise<Result> {
  try {
    return await statement
  } catch (cause) {
    throw new SessionError('database_failed', `The database could not ${what}; see \`cause\`.`, {
      cause,
      retryable: isTransient(cause),
    })
  }
}

// SQLSTATE classes: connection, transaction rollback, resources, operator intervention; lock not available.
const transientStates = /^(?:08|40|53|57)...$|^55P03$/
const transientCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'ER_LOCK_DEADLOCK',
  'ER_LOCK_WAIT_TIMEOUT',
  'PROTOCOL_CONNECTION_LOST',
])

function isTransient(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false
  if (cause.name === 'KnexTimeoutError') return true
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : ''
  return (
    transientCodes.has(code) || transientStates.test(code) || /^SQLITE_(?:BUSY|LOCKED)/.test(code)
  )
}
