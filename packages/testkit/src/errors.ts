const brand = Symbol.for('@turnstead/testkit.TestkitError')

/**
 * Why a testkit call failed.
 *
 * - `binary_missing`: no `opencode` executable was found.
 * - `start_failed`: the real server ended, or printed no readiness line, before the time limit; a host's command failed.
 * - `wait_timeout`: the awaited request, gate or event did not come in time.
 * - `incomplete`: programmed answers were left over, or requests came unasked.
 * - `leaked`: sockets, timers, listeners or child processes were left open.
 * - `bad_cassette`: a recording cannot be read.
 * - `replay_mismatch`: a request differs from the recording.
 * - `invalid_options`: an option is missing or is none.
 * - `closed`: the object was used after `close()`.
 */
export type TestkitErrorCode =
  | 'binary_missing'
  | 'start_failed'
  | 'wait_timeout'
  | 'incomplete'
  | 'leaked'
  | 'bad_cassette'
  | 'replay_mismatch'
  | 'invalid_options'
  | 'closed'

/** The error of this package; switch on {@link TestkitError.code}. Its message begins with the code in brackets. */
export class TestkitError extends Error {
  override readonly name: string = 'TestkitError'
  /** Why it failed. */
  readonly code: TestkitErrorCode
  /** True when the same call may succeed when made again. */
  readonly retryable: boolean

  constructor(code: TestkitErrorCode, message: string, options?: ErrorOptions) {
    super(`[${code}] ${message}`, options)
    this.code = code
    this.retryable = code === 'wait_timeout' || code === 'start_failed'
    Object.defineProperty(this, brand, { value: true })
  }

  /** True for a TestkitError made by any installed copy of this package. */
  static is(value: unknown): value is TestkitError {
    return typeof value === 'object' && value !== null && brand in value
  }
}
