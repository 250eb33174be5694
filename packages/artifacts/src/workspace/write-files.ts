import { createHash } from 'node:crypto'
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

const chunkBytes = 65_536

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
      await writeSame(bytes, same, folders, pack)
      position = offset + sizeBytes
    }
  } finally {
    found.body.destroy()
  }
}

/** The first from the archive, the others from the first: there may be more of them than files may be open. */
async function writeSame(
  bytes: Cursor,
  [first, ...others]: Place['files'],
  folders: Folders,
  pack: ArtifactKey,
): Promise<void> {
  const source = await create(first, folders)
  try {
    await copy(bytes.take, source, first, pack)
    for (const file of others) {
      const handle = await create(file, folders)
      try {
        await copy(reading(source), handle, file, pack)
        await finish(handle, file)
      } finally {
        await handle.close()
      }
    }
    await finish(source, first)
  } finally {
    await source.close()
  }
}

async function create({ path }: FileEntry, folders: Folders): Promise<FileHandle> {
  const { O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW } = constants
  return open(await folders.at(path), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
}

async function copy(
  take: Cursor['take'],
  handle: FileHandle,
  { sizeBytes, sha256 }: FileEntry,
  pack: ArtifactKey,
): Promise<void> {
  const digest = createHash('sha256')
  for (let left = sizeBytes; left > 0;) {
    const chunk = await take(left)
    if (chunk === null) throw damaged(pack, 'it ends too early')
    digest.update(chunk)
    await handle.writeFile(chunk)
    left -= chunk.byteLength
  }
  if (digest.digest('hex') !== sha256) {
    throw damaged(pack, 'bytes are not those that were stored')
  }
}

async function finish(handle: FileHandle, { modifiedAt, mode }: FileEntry): Promise<void> {
  await handle.utimes(modifiedAt / 1000, modifiedAt / 1000)
  await handle.chmod(mode)
}

function reading(handle: FileHandle): Cursor['take'] {
  let position = 0
  return async (most) => {
    const length = Math.min(most, chunkBytes)
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(length), 0, length, position)
    position += bytesRead
    return bytesRead === 0 ? null : buffer.subarray(0, bytesRead)
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
