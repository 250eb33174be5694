import { createHash, type Hash } from 'node:crypto'
import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'

import { ArtifactError } from '../errors.js'
import type { ArtifactKey } from '../store/key.js'
import { readSource } from '../store/source.js'
import type { ArtifactStore } from '../store/store.js'
import type { Folders } from './folders.js'
import type { ManifestEntry } from './manifest.js'

/** A file of a backup. */
export type FileEntry = Extract<ManifestEntry, { kind: 'file' }>

/** What of one archive is written where. */
export interface WriteFiles {
  readonly store: ArtifactStore
  readonly pack: ArtifactKey
  readonly files: readonly FileEntry[]
  readonly folders: Folders
  readonly signal: AbortSignal | undefined
}

/** Files that hold the same bytes are at the same place. */
interface Place {
  readonly offset: number
  readonly files: readonly [FileEntry, ...FileEntry[]]
}

/**
 * Writes files from an archive as it comes by. Where their bytes are says the manifest; the archive's own headers, and so the paths in
 * them, are never looked at.
 */
export async function writeFiles(options: WriteFiles): Promise<void> {
  const { store, pack, files, folders, signal } = options
  const places = toPlaces(files)
  const first = places[0]?.offset ?? 0
  const canSkip =
    store.capabilities.includes('range') && files.some(({ sizeBytes }) => sizeBytes > 0)
  const found = await store.get(pack, { signal, ...(canSkip && { range: { start: first } }) })
  if (found === null) throw damaged(pack, 'it is gone')
  const bytes = createCursor(readSource(found.body, { maxBytes: Infinity, signal }))
  let position = canSkip ? first : 0
  try {
    for (const { offset, files: same } of places) {
      const [{ sizeBytes }] = same
      if (offset < position) throw damaged(pack, 'its files overlap')
      await skip(bytes, offset - position, pack)
      const open = await openAll(same, folders)
      try {
        await copy(bytes, open, sizeBytes, pack)
      } finally {
        for (const { handle } of open) await handle.close()
      }
      position = offset + sizeBytes
    }
  } finally {
    found.body.destroy()
  }
}

interface OpenFile {
  readonly file: FileEntry
  readonly handle: FileHandle
}

async function openAll(files: readonly FileEntry[], folders: Folders): Promise<OpenFile[]> {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants
  const opened: OpenFile[] = []
  try {
    for (const file of files) {
      const at = await folders.at(file.path)
      opened.push({ file, handle: await open(at, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600) })
    }
    return opened
  } catch (error) {
    for (const { handle } of opened) await handle.close()
    throw error
  }
}

async function copy(
  bytes: Cursor,
  open: readonly OpenFile[],
  sizeBytes: number,
  pack: ArtifactKey,
): Promise<void> {
  const digest: Hash = createHash('sha256')
  for (let left = sizeBytes; left > 0;) {
    const chunk = await bytes.take(left)
    if (chunk === null) throw damaged(pack, 'it ends too early')
    digest.update(chunk)
    for (const { handle } of open) await handle.writeFile(chunk)
    left -= chunk.byteLength
  }
  const sha256 = digest.digest('hex')
  for (const { file, handle } of open) {
    if (file.sha256 !== sha256) throw damaged(pack, 'bytes are not those that were stored')
    const at = file.modifiedAt / 1000
    await handle.utimes(at, at)
    await handle.chmod(file.mode)
  }
}

async function skip(bytes: Cursor, count: number, pack: ArtifactKey): Promise<void> {
  for (let left = count; left > 0;) {
    const chunk = await bytes.take(left)
    if (chunk === null) throw damaged(pack, 'it ends too early')
    left -= chunk.byteLength
  }
}

/** Bytes that come in chunks of any length. */
interface Cursor {
  /** Some of them, at most so many; `null` at the end. */
  readonly take: (most: number) => Promise<Uint8Array | null>
}

function createCursor(source: AsyncIterable<Uint8Array>): Cursor {
  const chunks = source[Symbol.asyncIterator]()
  let held: Uint8Array = new Uint8Array(0)
  return {
    take: async (most) => {
      while (held.byteLength === 0) {
        const step = await chunks.next()
        if (step.done === true) return null
        held = step.value
      }
      const taken = held.subarray(0, most)
      held = held.subarray(taken.byteLength)
      return taken
    },
  }
}

function toPlaces(files: readonly FileEntry[]): Place[] {
  const byOffset = new Map<number, [FileEntry, ...FileEntry[]]>()
  for (const file of files) {
    const same = byOffset.get(file.offset)
    if (same === undefined) byOffset.set(file.offset, [file])
    else same.push(file)
  }
  const places = [...byOffset].map(([offset, same]) => ({ offset, files: same }))
  return places.sort((one, other) => one.offset - other.offset)
}

function damaged(pack: ArtifactKey, why: string): ArtifactError {
  return new ArtifactError('corrupt', `The archive ${pack} is damaged: ${why}.`)
}
