/**
 * Why a call failed. The codes are the contract; messages are for people and may change. Each begins with its code in brackets.
 *
 * | code | meaning |
 * |---|---|
 * | `session_not_found` | the session in the path does not exist |
 * | `not_found` | something else does not exist (message, permission, question, file …) |
 * | `unauthorized` | 401: user name or password missing or wrong |
 * | `forbidden` | 403 |
 * | `bad_request` | the server refused the input; see `issues` |
 * | `conflict` | 409, or an id that is already in use elsewhere |
 * | `rate_limited` | 429 |
 * | `server_error` | 5xx; the server also answers 500 to malformed ids and broken JSON |
 * | `unexpected_status` | any other status that the endpoint does not promise |
 * | `connection` | no connection, or it broke before the answer was complete |
 * | `timeout` | a named budget ran out |
 * | `foreign_response` | something between (proxy, gateway, tunnel) answered in the server's place: a page, a redirect, an error without the server's own body |
 * | `unreadable_entry` | the server cannot write down one of the entries that were asked for; ask for fewer of them |
 * | `malformed_response` | the answer is not what the endpoint promises (broken JSON, JSON of another shape) |
 * | `response_too_large` | the answer exceeds the client's limit |
 * | `frame_too_large` | one event exceeds the frame limit |
 * | `closed` | the client was closed |
 * | `server_start_failed` | `opencode serve` did not become ready |
 * | `server_exited` | `opencode serve` ended by itself |
 * | `server_unsupported` | no server can run here (platform, missing binary) |
 * | `cli_failed` | `opencode run` ended with a non-zero status |
 */
export type WireErrorCode =
  | 'session_not_found'
  | 'not_found'
  | 'unauthorized'
  | 'forbidden'
  | 'bad_request'
  | 'conflict'
  | 'rate_limited'
  | 'server_error'
  | 'unexpected_status'
  | 'connection'
  | 'timeout'
  | 'foreign_response'
  | 'unreadable_entry'
  | 'malformed_response'
  | 'response_too_large'
  | 'frame_too_large'
  | 'closed'
  | 'server_start_failed'
  | 'server_exited'
  | 'server_unsupported'
  | 'cli_failed'

/** Did the server receive the request? `no` is certain, `yes` is certain, `unknown` is everything else. */
export type Delivered = 'yes' | 'no' | 'unknown'

/** One complaint of the server about the input. */
export interface WireIssue {
  /** Where in the input, joined by dots; empty for the whole. */
  readonly path: string
  /** What is wrong there, in the server's words. */
  readonly message: string
}

/** What {@link WireError} is built from, beside its code and message. */
export interface WireErrorDetails {
  /** What went wrong underneath. */
  readonly cause?: unknown
  /** HTTP status, when there was an answer. */
  readonly status?: number
  /** Whether the server got the request. Default: `yes` when it answered with a status, else `unknown`. */
  readonly delivered?: Delivered
  /** Whether the same call may succeed later. Default: decided by code and status. */
  readonly retryable?: boolean
  /** Beginning of the answer's body; cut at 8 KiB. */
  readonly bodyText?: string
  /** What the server found wrong in the input. */
  readonly issues?: readonly WireIssue[]
}

const brand = Symbol.for('@turnstead/wire.WireError')
const maxBodyTextLength = 8192

/**
 * The error of this package. Switch on {@link WireError.code}. Abort reasons are never wrapped in it:
 * an aborted call rejects with its own `signal.reason`.
 */
export class WireError extends Error {
  override readonly name: string = 'WireError'
  /** Why it failed. */
  readonly code: WireErrorCode
  /** HTTP status, when there was an answer. */
  readonly status: number | undefined
  /** Whether the server received the request; decides if sending it again can double its effect. */
  readonly delivered: Delivered
  /**
   * Whether the same call may succeed later without a change. It says nothing about safety: a
   * retryable send with `delivered: 'unknown'` may already have taken effect.
   */
  readonly retryable: boolean
  /** Beginning of the answer's body, at most 8 KiB. May hold the server's internals; do not show it to users. */
  readonly bodyText: string | undefined
  /** What the server found wrong in the input; empty when it did not say. */
  readonly issues: readonly WireIssue[]

  constructor(code: WireErrorCode, message: string, details: WireErrorDetails = {}) {
    super(`[${code}] ${message}`, 'cause' in details ? { cause: details.cause } : undefined)
    this.code = code
    this.status = details.status
    const isAnswered = details.status !== undefined && code !== 'foreign_response'
    this.delivered = details.delivered ?? (isAnswered ? 'yes' : 'unknown')
    this.retryable = details.retryable ?? isRetryable(code, details.status)
    this.bodyText = details.bodyText?.slice(0, maxBodyTextLength)
    this.issues = details.issues ?? []
    Object.defineProperty(this, brand, { value: true })
  }

  /** True for a WireError made by any installed copy of this package. */
  static is(value: unknown): value is WireError {
    return typeof value === 'object' && value !== null && brand in value
  }
}

/** A plain 500 is the server's answer to malformed input too, so only gateway-like statuses are worth another try. */
function isRetryable(code: WireErrorCode, status: number | undefined): boolean {
  switch (code) {
    case 'connection':
    case 'timeout':
    case 'foreign_response':
    case 'rate_limited':
    case 'server_exited':
    case 'server_start_failed':
      return true
    case 'server_error':
      return status === 502 || status === 503 || status === 504
    default:
      return false
  }
}
