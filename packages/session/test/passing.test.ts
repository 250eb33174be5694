import { expect } from 'chai'
import { describe, it } from 'mocha'
import { runInNewContext } from 'node:vm'
import { isDuplicate, isImpossibleKey, isLostRace, isPassing } from '../src/database/passing.js'

const failure = (fields: object, message = 'update "messages" set … - it failed'): object =>
  Object.assign(new Error(message), fields)

const coded = (...codes: string[]): object[] => codes.map((code) => failure({ code }))
const said = (...messages: string[]): object[] =>
  messages.map((message) => failure({}, `update "messages" set "text" = $1 - ${message}`))

describe('isPassing', () => {
  const passing: Readonly<Record<string, readonly object[]>> = {
    "the server's state": [
      ...coded('08006', '40001', '40P01', '53300', '55P03', '57014', '57P01', '57P03', '58030'),
      ...coded('25006'),
      failure({ errno: 1969, sqlState: '70100' }),
      failure({ code: 'UNKNOWN_CODE_PLEASE_REPORT', sqlState: '70100' }),
    ],
    'a code of the system': coded(
      'ECONNREFUSED',
      'ECONNRESET',
      'ECONNABORTED',
      'EPIPE',
      'ETIMEDOUT',
      'ENOTFOUND',
      'EAI_AGAIN',
      'EHOSTUNREACH',
      'ENETUNREACH',
      'EMFILE',
    ),
    'a code of the driver': coded(
      'PROTOCOL_CONNECTION_LOST',
      'PROTOCOL_SEQUENCE_TIMEOUT',
      'ER_LOCK_DEADLOCK',
      'ER_LOCK_WAIT_TIMEOUT',
      'ER_QUERY_INTERRUPTED',
      'ER_CON_COUNT_ERROR',
      'ER_SERVER_SHUTDOWN',
      'ER_OPTION_PREVENTS_STATEMENT',
      'ER_CHECKREAD',
      'SQLITE_BUSY',
      'SQLITE_BUSY_SNAPSHOT',
      'SQLITE_LOCKED',
      'SQLITE_IOERR_WRITE',
      'SQLITE_FULL',
    ),
    'words about the connection': said(
      'Connection terminated unexpectedly',
      'Connection terminated due to connection timeout',
      'Client has encountered a connection error and is not queryable',
      'Client was closed and is not queryable',
      "Can't add new command when connection is in closed state",
      'timeout expired',
      'Query read timeout',
    ),
    'a pool without a free connection': [failure({ name: 'KnexTimeoutError' })],
    'several addresses, each refused': [
      failure({ errors: coded('ECONNREFUSED', 'ECONNREFUSED') }, ''),
    ],
  }
  for (const [what, failures] of Object.entries(passing)) {
    it(`is true by ${what}`, () => {
      for (const each of failures) expect(isPassing(each), JSON.stringify(each)).to.equal(true)
    })
  }

  it('is false for what the same statement meets again', () => {
    const final = [
      ...coded('22P02', '23505', '42P01', '42703', '28P01', '3D000', '54000', 'XX000'),
      ...coded('ER_DUP_ENTRY', 'ER_BAD_FIELD_ERROR', 'ER_DATA_TOO_LONG', 'ER_ACCESS_DENIED_ERROR'),
      ...coded('SQLITE_CONSTRAINT_UNIQUE', 'SQLITE_TOOBIG', 'SQLITE_ERROR', 'SQLITE_READONLY'),
      failure({ code: 'ER_NET_PACKET_TOO_LARGE', sqlState: '08S01' }),
      ...said('Undefined binding(s) detected', 'Empty .update() call detected'),
    ]
    for (const each of final) expect(isPassing(each), JSON.stringify(each)).to.equal(false)
    for (const odd of [null, undefined, 'ECONNRESET', 7, {}]) expect(isPassing(odd)).to.equal(false)
  })

  it('does not read the statement, which holds what an agent wrote', () => {
    const message =
      "update `messages` set `text` = 'connection closed - no' where `id` = 1 - no such column"
    expect(isPassing(failure({}, message))).to.equal(false)
  })

  it('is recognised by shape, in any realm', () => {
    const foreign: unknown = runInNewContext(
      "Object.assign(new Error('x'), { code: 'ECONNRESET', name: 'Error' })",
    )
    expect(foreign).not.to.be.instanceOf(Error)
    expect(isPassing(foreign)).to.equal(true)
  })
})

describe('what a failure of a database says', () => {
  it('is known on each of them', () => {
    for (const each of coded('40001', '40P01', 'ER_LOCK_DEADLOCK', 'ER_CHECKREAD')) {
      expect(isLostRace(each)).to.equal(true)
    }
    for (const each of coded('23505', 'ER_DUP_ENTRY', 'SQLITE_CONSTRAINT_UNIQUE')) {
      expect(isDuplicate(each)).to.equal(true)
    }
    for (const each of coded('22P02', '22003', '22021', 'ER_TRUNCATED_WRONG_VALUE')) {
      expect(isImpossibleKey(each)).to.equal(true)
    }
    for (const each of coded('ECONNRESET', '57P01')) {
      expect([isLostRace(each), isDuplicate(each), isImpossibleKey(each)]).not.to.include(true)
    }
  })
})
