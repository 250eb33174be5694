/**
 * Whether a failure of the database may pass by itself. Decided by its class, as the server's state, the driver's code or,
 * where a driver gives neither, its words say it: everything about the connection may pass. Recognised by shape, since a
 * test runner's realm has an `Error` of its own.
 */
export function isPassing(failure: unknown): boolean {
  const { name, code, state, message, errors } = read(failure)
  if (errors.some(isPassing)) return true
  if (name === 'KnexTimeoutError' || name === 'StatementTimeoutError') return true
  if (isFinalCode.test(code)) return false
  if (code !== '' || state !== '') {
    return passingStates.test(state) || passingCodes.test(code)
  }
  return aboutTheConnection.test(message)
}

/** Whether the very same statement succeeds when it is simply run again: it lost against another transaction. */
export function isLostRace(failure: unknown): boolean {
  const { code } = read(failure)
  return lostRaceCodes.test(code)
}

/** Whether the server only reads, as one does that was the primary before a failover. */
export function isReadOnly(failure: unknown): boolean {
  const { code } = read(failure)
  return readOnlyCodes.test(code)
}

/** Whether the server refused a statement before it did anything, for a reason that may pass soon. */
export function isRefusedEarly(failure: unknown): boolean {
  const { code } = read(failure)
  return isReadOnly(failure) || refusedEarlyCodes.test(code)
}

/** Whether a unique index refused the value. */
export function isDuplicate(failure: unknown): boolean {
  const { code } = read(failure)
  return duplicateCodes.test(code)
}

/** Whether a key cannot be a value of its column, so that no row has it. */
export function isImpossibleKey(failure: unknown): boolean {
  const { code } = read(failure)
  return impossibleKeyCodes.test(code)
}

/** Whether the tables are not what the statement takes them for: a migration was not run, or a name is another one. */
export function isMissingSchema(failure: unknown): boolean {
  const { code, message } = read(failure)
  return (
    missingSchemaCodes.test(code) ||
    (/^(?:SQLITE_ERROR)?$/.test(code) && /\bno such (?:table|column)\b/.test(message))
  )
}

/** Whether the connection was lost, perhaps because the server would not take the statement. */
export function isLostConnection(failure: unknown): boolean {
  const { code } = read(failure)
  return (
    /^(?:ECONNRESET|EPIPE|ECONNABORTED|PROTOCOL_CONNECTION_LOST|)$/.test(code) && isPassing(failure)
  )
}

// 40001 serialization, 40P01 deadlock; MariaDB's snapshot isolation says ER_CHECKREAD.
const lostRaceCodes = /^(?:40001|40P01|ER_LOCK_DEADLOCK|ER_CHECKREAD)$/

const readOnlyCodes =
  /^(?:25006|ER_OPTION_PREVENTS_STATEMENT|ER_READ_ONLY_MODE|ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION)$/

// 57P03 starting up or shutting down, 53300 too many connections.
const refusedEarlyCodes = /^(?:57P03|53300|ER_CON_COUNT_ERROR|ER_TOO_MANY_USER_CONNECTIONS)$/

const duplicateCodes =
  /^(?:23505|ER_DUP_ENTRY|ER_DUP_ENTRY_WITH_KEY_NAME|SQLITE_CONSTRAINT_UNIQUE)$/

// 22P02 no such text, 22003 out of range, 22021 NUL; MySQL refuses updates only, and texts of another collation.
const impossibleKeyCodes =
  /^(?:22P02|22003|22021|ER_TRUNCATED_WRONG_VALUE|ER_CANT_AGGREGATE_2COLLATIONS)$/

// Of PostgreSQL a table, a column, a schema.
const missingSchemaCodes = /^(?:42P01|42703|3F000|ER_NO_SUCH_TABLE|ER_BAD_FIELD_ERROR)$/

// Connections, rollbacks, resources, operators, the system; a lock that is not to be had; a server that only reads now.
const passingStates = /^(?:(?:08|40|53|57|58)...|55P03|25006|70100)$/

// MySQL gives these the state of a connection, but the next one meets them too.
const isFinalCode =
  /^(?:ER_NET_PACKET_TOO_LARGE|ER_HANDSHAKE_ERROR|HANDSHAKE_.*|ER_HOST_IS_BLOCKED)$/

const passingCodes = new RegExp(
  `^(?:${[
    // The system's own: refused, reset, unreachable, unresolved, out of files.
    'ECONN[A-Z]+',
    'EPIPE',
    'ETIMEDOUT',
    'E(?:HOST|NET)(?:UNREACH|DOWN)',
    'EADDRNOTAVAIL',
    'ENOTFOUND',
    'EAI_[A-Z]+',
    'ENOTCONN',
    'E[MN]FILE',
    'PROTOCOL_[A-Z_]+',
    'ER_LOCK_[A-Z_]+',
    'ER_CHECKREAD',
    'ER_(?:QUERY_INTERRUPTED|STATEMENT_TIMEOUT|QUERY_TIMEOUT|CONNECTION_KILLED)',
    'ER_(?:SERVER_SHUTDOWN|NORMAL_SHUTDOWN|(?:NEW_)?ABORTING_CONNECTION|NET_[A-Z_]+)',
    'ER_(?:CON_COUNT_ERROR|TOO_MANY_USER_CONNECTIONS|USER_LIMIT_REACHED)',
    'ER_(?:OPTION_PREVENTS_STATEMENT|READ_ONLY_MODE|CANT_EXECUTE_IN_READ_ONLY_TRANSACTION)',
    'ER_(?:DISK_FULL|RECORD_FILE_FULL|OUTOFMEMORY|OUT_OF_RESOURCES|CANT_CREATE_THREAD)',
    'ER_(?:TOO_MANY_CONCURRENT_TRXS|ERROR_DURING_COMMIT|UNKNOWN_COM_ERROR)',
    'SQLITE_(?:BUSY|LOCKED|PROTOCOL|FULL|NOMEM|IOERR|INTERRUPT)(?:_.*)?',
  ].join('|')})$`,
)

const aboutTheConnection =
  /\b(?:connection|socket|client)\b.*\b(?:terminated|closed?|lost|ended|reset|refused|broken|timed? ?out|error)\b|\btimeout\b|\btimed out\b|not queryable/i

interface Failure {
  readonly name: string
  readonly code: string
  readonly state: string
  readonly message: string
  readonly errors: readonly unknown[]
}

function read(failure: unknown): Failure {
  const fields =
    typeof failure === 'object' && failure !== null
      ? (failure as Partial<Record<string, unknown>>)
      : {}
  const text = (value: unknown): string => (typeof value === 'string' ? value : '')
  const code = text(fields['code'])
  const message = text(fields['message'])
  return {
    name: text(fields['name']),
    code,
    // PostgreSQL's code is the state.
    state: text(fields['sqlState']) || (/^[0-9A-Z]{5}$/.test(code) ? code : ''),
    // Knex puts the statement before it, which may say anything.
    message: message.slice(message.lastIndexOf(' - ') + 1),
    errors: Array.isArray(fields['errors']) ? fields['errors'] : [],
  }
}
