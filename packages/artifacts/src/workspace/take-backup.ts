import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import ignore from 'ignore'
import type { ArtifactKey } from '../store/key.js'
import { createTally, type BackupLimits } from './limits.js'
import { isInside, isLinkInside, type Manifest, type ManifestEntry } from './manifest.js'
import { chunkBytes, chunksOf, readForDigest } from './read-file.js'
import { restoringMark } from './restoring-mark.js'
import { tarEnd, tarHeader, tarPadding } from './tar.js'
import { walkWorkspace, type Found, type SkippedInWorkspace } from './walk.js'

/** What can be made again, and is large. */
export const defaultIgnored: readonly string[] = [
  'node_modules/',
  '.venv/',
  '__pycache__/',
  '.cache/',
]

type FileEntry = Extract<ManifestEntry, { kind: 'file' }>

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
  pack: ArtifactKey,
): {
  readonly archive: () => AsyncGenerator<Uint8Array>
  readonly result: () => Pick<Manifest, 'packs' | 'entries' | 'isConsistent'>
  readonly skipped: () => ReadonlyMap<string, SkippedInWorkspace>
} {
  const earlier = previous !== null && previous.packs.length < maxPacks ? previous : null
  const packs = [...(earlier?.packs ?? []), pack]
  const mine = packs.length - 1
  const isIgnored = ignoring(options.ignore ?? defaultIgnored)
  const stored = new Map<string, Pick<FileEntry, 'pack' | 'offset'>>()
  for (const entry of earlier?.entries ?? []) {
    if (entry.kind === 'file') stored.set(entry.sha256, entry)
  }
  const tally = createTally(options.limits)
  let taken = new Map<string, Taken>()
  let skipped = new Map<string, SkippedInWorkspace>()
  let position = 0
  let isConsistent = false

  function* emit(bytes: Uint8Array): Generator<Uint8Array> {
    position += bytes.byteLength
    yield bytes
  }

  /** Looks at everything once; what is as it was is not taken again. */
  async function* round(): AsyncGenerator<Uint8Array, boolean> {
    const before = taken
    let isSame = true
    taken = new Map()
    skipped = new Map()
    tally.begin()
    const walked = walkWorkspace(root, {
      isIgnored,
      skip: (path, reason) => {
        tally.skip()
        skipped.set(path, reason)
      },
      signal: options.signal,
    })
    for await (const found of walked) {
      const known = before.get(found.path)
      const isKnown = known?.stamp === found.stamp && known.entry !== 'changing'
      const entry = isKnown ? known.entry : yield* take(found)
      if (!isKnown) isSame = false
      if (entry === null) continue
      if (typeof entry === 'string') skipped.set(found.path, entry)
      tally.add(entry)
      taken.set(found.path, { entry, stamp: found.stamp })
    }
    return isSame && before.size === taken.size
  }

  async function* take(
    found: Found,
  ): AsyncGenerator<Uint8Array, ManifestEntry | SkippedInWorkspace | null> {
    const { path, kind, info, target } = found
    const mode = Number(info.mode & 0o777n)
    if (!isInside(path)) return 'bad_name'
    if (kind === 'folder') {
      yield* emit(tarHeader({ path, type: 'Directory', mode, sizeBytes: 0, modifiedAt: 0 }))
      return { kind, path, mode }
    }
    if (kind === 'link') {
      if (target === null || !isLinkInside(path, target)) return 'link_outside'
      const type = 'SymbolicLink'
      yield* emit(tarHeader({ path, type, mode: 0o777, sizeBytes: 0, modifiedAt: 0, target }))
      return { kind, path, target }
    }
    if (tally.isTooLarge(info.size)) return 'too_large'
    const handle = await found.open()
    if (handle === null || typeof handle === 'string') return handle
    try {
      return yield* takeFile(handle, found, mode)
    } finally {
      await handle.close()
    }
  }

  /** Bytes that an earlier backup holds are not stored again. */
  async function* takeFile(
    handle: FileHandle,
    { path, info }: Found,
    mode: number,
  ): AsyncGenerator<Uint8Array, ManifestEntry | SkippedInWorkspace> {
    const modifiedAt = Number(info.mtimeNs) / 1e6
    const { sha256, sizeBytes, bytes } = await readForDigest(handle, Number(info.size))
    const file = { kind: 'file', path, mode, modifiedAt, sizeBytes, sha256 } as const
    const known = stored.get(sha256)
    if (known !== undefined) return { ...file, pack: known.pack, offset: known.offset }
    yield* emit(tarHeader({ path, type: 'File', mode, sizeBytes, modifiedAt }))
    const offset = position
    const digest = createHash('sha256')
    let left = sizeBytes
    for await (const chunk of bytes === null ? chunksOf(handle, sizeBytes) : [bytes]) {
      digest.update(chunk)
      left -= chunk.byteLength
      yield* emit(chunk)
    }
    // The archive goes on where its header says, whatever became of the file.
    const isShort = left > 0
    for (; left > 0; left -= Math.min(left, chunkBytes)) {
      yield* emit(Buffer.alloc(Math.min(left, chunkBytes)))
    }
    yield* emit(tarPadding(sizeBytes))
    if (isShort || digest.digest('hex') !== sha256) return 'changing'
    stored.set(sha256, { pack: mine, offset })
    return { ...file, pack: mine, offset }
  }

  return {
    archive: async function* () {
      for (let count = 1; count <= maxRounds && !isConsistent; count += 1) {
        isConsistent = yield* round()
      }
      yield* emit(tarEnd)
    },
    result: () => {
      return { ...withoutUnused(packs, entriesOf(taken)), isConsistent }
    },
    skipped: () => skipped,
  }
}

function ignoring(patterns: readonly string[]): (path: string, isFolder: boolean) => boolean {
  const rules = ignore().add([...patterns])
  return (path, isFolder) => path === restoringMark || rules.ignores(isFolder ? `${path}/` : path)
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

function entriesOf(taken: ReadonlyMap<string, Taken>): ManifestEntry[] {
  const entries = [...taken.values()].flatMap(({ entry }) =>
    typeof entry === 'string' ? [] : [entry],
  )
  return entries.sort(byPath)
}

/** A folder before what is in it. */
function byPath(one: ManifestEntry, other: ManifestEntry): number {
  const [a, b] = [one.path.split('/'), other.path.split('/')]
  const at = a.findIndex((part, index) => part !== b[index])
  if (at === -1) return a.length - b.length
  return (a[at] ?? '') < (b[at] ?? '') ? -1 : 1
}
