/** Bounds of one `collect`. */
export interface CollectLimits {
  /** Most files to keep. Default: 20. */
  readonly maxFiles?: number | undefined
  /** Most bytes of one file. Default: 10 MiB. */
  readonly maxFileBytes?: number | undefined
  /** Longest time for one file over the remote reader, in milliseconds. Default: 60 000. */
  readonly readTimeoutMs?: number | undefined
}

export function checkLimits(limits: CollectLimits): {
  maxFiles: number
  maxFileBytes: number
  readTimeoutMs: number
} {
  const { maxFiles = 20, maxFileBytes = 10_485_760, readTimeoutMs = 60_000 } = limits
  for (const [name, value] of Object.entries({ maxFiles, maxFileBytes, readTimeoutMs })) {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new RangeError(`\`limits.${name}\` must be a whole number, 0 or more.`)
    }
  }
  return { maxFiles, maxFileBytes, readTimeoutMs }
}
