/** Bounds of a backup. */
export interface BackupLimits {
  /** Most files, folders and links. Default: 1,000,000. */
  readonly maxEntries?: number | undefined
  /** Most bytes of all files together. Default: 10 GiB. */
  readonly maxBytes?: number | undefined
  /** Largest file; a larger one is left out as `too_large`. Default: `maxBytes`. */
  readonly maxFileBytes?: number | undefined
}

/** {@link BackupLimits}, checked. */
export function checkLimits(limits: BackupLimits = {}): Required<{
  readonly [Name in keyof BackupLimits]: number
}> {
  const { maxEntries = 1_000_000, maxBytes = 10_737_418_240, maxFileBytes = maxBytes } = limits
  for (const [name, value] of Object.entries({ maxEntries, maxBytes, maxFileBytes })) {
    if (!(value >= 0)) throw new RangeError(`\`limits.${name}\` must be a number, 0 or more.`)
  }
  return { maxEntries, maxBytes, maxFileBytes }
}
