import { assertKnown, type Names } from '../known-options.js'

/** Bounds of one `collect`. */
export interface CollectLimits {
  /** Most files to keep; at most five times as many are tried. Default: 20. */
  readonly maxFiles?: number | undefined
  /** Most bytes of one file. Default: 10 MiB. */
  readonly maxFileBytes?: number | undefined
  /** Most bytes of all files together. Default: `maxFiles` times `maxFileBytes`. */
  readonly maxTotalBytes?: number | undefined
  /** Longest time for one file over the remote reader, in milliseconds. Default: 60 000. */
  readonly readTimeoutMs?: number | undefined
  /** Longest time for all files together, in milliseconds; what is left then is dropped. Default: 300 000. */
  readonly collectMs?: number | undefined
}

/** Longest time for the rows of a collection, which come after all of its files, in milliseconds. */
export const rowsMs = 30_000

const names: Names<CollectLimits> = {
  maxFiles: true,
  maxFileBytes: true,
  maxTotalBytes: true,
  readTimeoutMs: true,
  collectMs: true,
}

export function checkLimits(limits: CollectLimits): Required<{
  [Name in keyof CollectLimits]: number
}> {
  assertKnown('`limits`', limits, names)
  const { maxFiles = 20, maxFileBytes = 10_485_760 } = limits
  const checked = {
    maxFiles,
    maxFileBytes,
    maxTotalBytes:
      limits.maxTotalBytes ?? Math.min(maxFiles * maxFileBytes, Number.MAX_SAFE_INTEGER),
    readTimeoutMs: limits.readTimeoutMs ?? 60_000,
    collectMs: limits.collectMs ?? 300_000,
  }
  for (const [name, value] of Object.entries(checked)) {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new RangeError(`\`limits.${name}\` must be a whole number, 0 or more.`)
    }
  }
  return checked
}
