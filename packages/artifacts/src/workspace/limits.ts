import { ArtifactError } from '../errors.js'
import { assertKnown, type Names } from '../known-options.js'
import type { ManifestEntry } from './manifest.js'

/** Bounds of a backup. */
export interface BackupLimits {
  /** Most files, folders and links. Default: 1,000,000. */
  readonly maxEntries?: number | undefined
  /** Most bytes of all files together. Default: 10 GiB. */
  readonly maxBytes?: number | undefined
  /** Largest file; a larger one is left out as `too_large`. Default: `maxBytes`. */
  readonly maxFileBytes?: number | undefined
}

const names: Names<BackupLimits> = { maxEntries: true, maxBytes: true, maxFileBytes: true }

/** {@link BackupLimits}, checked. */
export function checkLimits(limits: BackupLimits = {}): Required<{
  readonly [Name in keyof BackupLimits]: number
}> {
  assertKnown('`limits`', limits, names)
  const { maxEntries = 1_000_000, maxBytes = 10_737_418_240, maxFileBytes = maxBytes } = limits
  for (const [name, value] of Object.entries({ maxEntries, maxBytes, maxFileBytes })) {
    if (!(value >= 0)) throw new RangeError(`\`limits.${name}\` must be a number, 0 or more.`)
  }
  return { maxEntries, maxBytes, maxFileBytes }
}

/** Counts what is taken in one look at a workspace. */
export interface Tally {
  /** A look begins. */
  readonly begin: () => void
  /** Whether a file is to be left out. Fails with `too_large` when it would be too much with the others. */
  readonly isTooLarge: (sizeBytes: bigint) => boolean
  /** Fails with `too_large` when there are too many, or too many bytes. */
  readonly add: (entry: ManifestEntry | string) => void
  /** The same for what was left out without a look at it. */
  readonly skip: () => void
}

/** What a restore with the same limits would refuse is not stored either. */
export function createTally(limits: BackupLimits | undefined): Tally {
  const { maxEntries, maxBytes, maxFileBytes } = checkLimits(limits)
  let entries = 0
  let bytes = 0

  function addBytes(count: number): void {
    if (bytes + count > maxBytes) throw tooLarge(`more than ${maxBytes} bytes`)
    bytes += count
  }

  function addEntry(): void {
    if (entries >= maxEntries) throw tooLarge(`more than ${maxEntries} files, folders and links`)
    entries += 1
  }

  return {
    begin: () => {
      entries = 0
      bytes = 0
    },
    isTooLarge: (sizeBytes) => {
      if (Number(sizeBytes) > maxFileBytes) return true
      if (bytes + Number(sizeBytes) > maxBytes) throw tooLarge(`more than ${maxBytes} bytes`)
      return false
    },
    add: (entry) => {
      addEntry()
      if (typeof entry !== 'string' && entry.kind === 'file') addBytes(entry.sizeBytes)
    },
    skip: addEntry,
  }
}

function tooLarge(what: string): ArtifactError {
  return new ArtifactError('too_large', `The workspace holds ${what}; see \`limits\`.`)
}
