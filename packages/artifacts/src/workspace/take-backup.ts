import ignore from 'ignore'

import type { ArtifactKey } from '../store/key.js'
import { createTally, type BackupLimits } from './limits.js'
import type { Manifest, ManifestEntry } from './manifest.js'
import { createPack, type StoredBytes } from './pack.js'
import { readSmallFile } from './read-file.js'
import { restoringMark } from './restoring-mark.js'
import { walkWorkspace, type Found, type SkippedInWorkspace } from './walk.js'

/** What can be made again, and is large. */
export const defaultIgnored: readonly string[] = [
  'node_modules/',
  '.venv/',
  '__pycache__/',
  '.cache/',
]

/** Looks at what changed meanwhile, so often; an agent that writes all the time is not waited for. */
const maxRounds = 4
/** A restore reads every archive that it needs something of. */
const maxPacks = 24

/** What an entry was when it was last looked at, or why it is left out. */
interface Taken {
  readonly entry: ManifestEntry | SkippedInWorkspace
  readonly stamp: string
}

/** What is taken. */
export interface TakeOptions {
  readonly ignore?: readonly string[] | undefined
  readonly limits?: BackupLimits | undefined
  readonly signal?: AbortSignal | undefined
}

/** One backup under way. */
export function startTaking(
  root: string,
  options: TakeOptions,
  previous: Manifest | null,
  packKey: ArtifactKey,
): {
  readonly archive: () => AsyncGenerator<Uint8Array>
  readonly result: () => Pick<Manifest, 'packs' | 'entries' | 'isConsistent'>
  readonly skipped: () => ReadonlyMap<string, SkippedInWorkspace>
} {
  const earlier = previous !== null && previous.packs.length < maxPacks ? previous : null
  const packs = [...(earlier?.packs ?? []), packKey]
  const rules = ignore().add([...(options.ignore ?? defaultIgnored)])
  const stored: StoredBytes = new Map()
  for (const entry of earlier?.entries ?? []) {
    if (entry.kind === 'file') stored.set(entry.sha256, entry)
  }
  const pack = createPack(packs.length - 1, stored)
  const tally = createTally(options.limits)
  let taken = new Map<string, Taken>()
  let skipped = new Map<string, SkippedInWorkspace>()
  let isConsistent = false

  /** Looks at everything once; what is as it was is not taken again. */
  async function* round(): AsyncGenerator<Uint8Array, boolean> {
    const before = taken
    let isSame = true
    taken = new Map()
    skipped = new Map()
    tally.begin()
    const walked = walkWorkspace(root, {
      isIgnored: (path, isFolder) =>
        path === restoringMark || rules.ignores(isFolder ? `${path}/` : path),
      skip: (path, reason) => {
        tally.skip()
        skipped.set(path, reason)
      },
      signal: options.signal,
    })
    const knownEntry = ({ path, stamp }: Found): Taken['entry'] | null => {
      const known = before.get(path)
      return known?.stamp === stamp && known.entry !== 'changing' ? known.entry : null
    }
    for await (const some of walked) {
      // Together: the disk takes its time for each of them.
      const early = await Promise.all(
        some.map(async (found) => (knownEntry(found) === null ? readSmallFile(found) : null)),
      )
      for (const [index, found] of some.entries()) {
        const known = knownEntry(found)
        const isTooLarge =
          known === null && found.kind === 'file' && tally.isTooLarge(found.info.size)
        const entry = isTooLarge
          ? 'too_large'
          : (known ?? (yield* pack.take(found, early[index] ?? null)))
        if (known === null) isSame = false
        if (entry === null) continue
        if (typeof entry === 'string') skipped.set(found.path, entry)
        tally.add(entry)
        taken.set(found.path, { entry, stamp: found.stamp })
      }
    }
    return isSame && before.size === taken.size
  }

  return {
    archive: async function* () {
      for (let count = 1; count <= maxRounds && !isConsistent; count += 1) {
        isConsistent = yield* round()
      }
      yield* pack.end()
    },
    result: () => {
      const entries = [...taken.values()].flatMap(({ entry }) =>
        typeof entry === 'string' ? [] : [entry],
      )
      return { ...withoutUnused(packs, inOrder(entries)), isConsistent }
    },
    skipped: () => skipped,
  }
}

/** Only the archives that hold something of this backup. */
function withoutUnused(
  packs: readonly ArtifactKey[],
  entries: readonly ManifestEntry[],
): Pick<Manifest, 'packs' | 'entries'> {
  const used = new Set(entries.flatMap((entry) => (entry.kind === 'file' ? [entry.pack] : [])))
  const kept = packs.filter((_, index) => used.has(index))
  const renumbered = entries.map((entry) => {
    if (entry.kind !== 'file') return entry
    const pack = packs[entry.pack]
    return { ...entry, pack: pack === undefined ? 0 : kept.indexOf(pack) }
  })
  return { packs: kept, entries: renumbered }
}

/** A folder before what is in it, and all of that before what follows: no name holds a NUL. */
function inOrder(entries: readonly ManifestEntry[]): ManifestEntry[] {
  const keyed = entries.map((entry) => ({ entry, key: entry.path.replaceAll('/', '\0') }))
  keyed.sort((one, other) => (one.key < other.key ? -1 : 1))
  return keyed.map(({ entry }) => entry)
}
