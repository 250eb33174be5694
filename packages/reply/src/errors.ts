const brand = Symbol.for('@turnstead/reply.SnapshotError')

/** Why a stored reply cannot be read: it is `malformed`, or of a `version` that this package does not know. */
export type SnapshotErrorCode = 'malformed' | 'unsupported_version'

/** The error of `parseReply`; switch on {@link SnapshotError.code}. Nothing else in this package throws on data. */
export class SnapshotError extends Error {
  override readonly name: string = 'SnapshotError'
  readonly code: SnapshotErrorCode
  /** Always `false`: the same data fails again. */
  readonly retryable = false as const

  constructor(code: SnapshotErrorCode, message: string, options?: ErrorOptions) {
    super(`[${code}] ${message}`, options)
    this.code = code
    Object.defineProperty(this, brand, { value: true })
  }

  /** True for a SnapshotError made by any installed copy of this package, in any realm. */
  static is(value: unknown): value is SnapshotError {
    return typeof value === 'object' && value !== null && brand in value
  }
}
