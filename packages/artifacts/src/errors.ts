/**
 * Why a store refused or failed. The codes are the contract; messages are for people and may change. Each begins with its code in brackets.
 *
 * | code | meaning |
 * |---|---|
 * | `invalid_key` | the key or list prefix breaks the rules of `parseArtifactKey` |
 * | `invalid_metadata` | a metadata name or value is malformed, or all of it exceeds 8,000 bytes |
 * | `already_exists` | `put` with `ifAbsent` found the key taken |
 * | `too_large` | the source has more bytes than `maxBytes` |
 * | `range_not_satisfiable` | the range starts at or after the end |
 * | `source_failed` | the source of a `put` failed; `cause` is its own error |
 * | `invalid_form` | the request holds no form of files, or one that is malformed, breaks off, or has more parts than allowed |
 * | `unsupported` | the store does not claim the capability that the call needs |
 * | `unsafe_path` | something inside the store's folder leads out of it |
 * | `corrupt` | the stored object cannot be read back |
 * | `storage_failed` | the storage underneath failed; `cause` is its own error |
 */
export type ArtifactErrorCode =
  | 'invalid_key'
  | 'invalid_metadata'
  | 'already_exists'
  | 'too_large'
  | 'range_not_satisfiable'
  | 'source_failed'
  | 'invalid_form'
  | 'unsupported'
  | 'unsafe_path'
  | 'corrupt'
  | 'storage_failed'

/** What {@link ArtifactError} is built from, beside its code and message. */
export interface ArtifactErrorDetails {
  /** What went wrong underneath. */
  readonly cause?: unknown
  /** Whether the same call may succeed later. Default: true for `storage_failed`, else false. */
  readonly retryable?: boolean
}

const brand = Symbol.for('@turnstead/artifacts.ArtifactError')

/**
 * The error of this package. Switch on {@link ArtifactError.code}. Abort reasons are never wrapped
 * in it: an aborted call rejects with its own `signal.reason`.
 */
export class ArtifactError extends Error {
  override readonly name: string = 'ArtifactError'
  /** Why it failed. */
  readonly code: ArtifactErrorCode
  /** Whether the same call may succeed later without a change. */
  readonly retryable: boolean

  constructor(code: ArtifactErrorCode, message: string, details: ArtifactErrorDetails = {}) {
    super(`[${code}] ${message}`, 'cause' in details ? { cause: details.cause } : undefined)
    this.code = code
    this.retryable = details.retryable ?? code === 'storage_failed'
    Object.defineProperty(this, brand, { value: true })
  }

  /** True for an ArtifactError made by any installed copy of this package. */
  static is(value: unknown): value is ArtifactError {
    return typeof value === 'object' && value !== null && brand in value
  }
}
