/**
 * Why a verb of the store failed. The codes are the contract; messages begin with `[code]`, are for
 * people and may change.
 *
 * | code | meaning | retryable |
 * |---|---|---|
 * | `conversation_not_found` | no conversation row has this id | no |
 * | `session_create_timeout` | another worker's creation of the upstream session did not end in time | yes |
 * | `session_create_failed` | the upstream answered a creation without a usable session id, or with another conversation's | no |
 * | `lease_lost` | the conversation is not held by the lease under which its session was asked for | no |
 * | `row_contended` | the conversation's row changed before each of many attempts | yes |
 * | `malformed_row` | a column holds what this package never writes there | no |
 * | `history_damaged` | what is kept of a conversation lacks something, or is not what was written | no |
 * | `history_too_large` | what a turn added to a conversation is more than is kept of one turn | no |
 * | `schema_mismatch` | the tables lack something, or have columns that are too narrow; the message says what to do | no |
 * | `database_failed` | the database refused or was out of reach; see `cause` | by its cause |
 */
export type SessionErrorCode =
  | 'conversation_not_found'
  | 'session_create_timeout'
  | 'session_create_failed'
  | 'lease_lost'
  | 'row_contended'
  | 'malformed_row'
  | 'history_damaged'
  | 'history_too_large'
  | 'schema_mismatch'
  | 'database_failed'

const retryableCodes: ReadonlySet<SessionErrorCode> = new Set([
  'session_create_timeout',
  'row_contended',
])

const brand = Symbol.for('@turnstead/session.SessionError')

/**
 * The error of this package; switch on {@link SessionError.code}. Upstream errors and abort reasons are
 * never wrapped in it.
 */
export class SessionError extends Error {
  override readonly name: string = 'SessionError'
  /** Why it failed. */
  readonly code: SessionErrorCode
  /** Whether the same call may succeed later without a change. */
  readonly retryable: boolean

  constructor(
    code: SessionErrorCode,
    message: string,
    options: { cause?: unknown; retryable?: boolean } = {},
  ) {
    super(`[${code}] ${message}`, 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    this.retryable = options.retryable ?? retryableCodes.has(code)
    Object.defineProperty(this, brand, { value: true })
  }

  /** True for a SessionError made by any installed copy of this package, in any realm. */
  static is(value: unknown): value is SessionError {
    return typeof value === 'object' && value !== null && brand in value
  }
}
