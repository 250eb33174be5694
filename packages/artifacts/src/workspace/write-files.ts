import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'

import { ArtifactError } from '../errors.js'
import type { ArtifactKey } from '../store/key.js'
import { readSource } from '../store/source.js'
import type { ArtifactStore } from '../store/store.js'
import { createCrew } from '../timing/crew.js'
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
/** Files below this size are held in memory, so many of them at once; larger ones are written one by one. */
const smallBytes = 262_144
const atOnce = 16

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
  const { store, pack, files, signal } = options
  const places = toPlaces(files)
  const first = places[0]?.offset ?? 0
  const canSkip =
    store.capabilities.includes('range') && files.some(({ sizeBytes }) => sizeBytes > 0)
  const found = await store.get(pack, { signal, ...(canSkip && { range: { start: first } }) })
  if (found === null) throw damaged(pack, 'it is gone')
  const bytes = createCursor(readSource(found.body, { maxBytes: Infinity, signal }))
  let position = canSkip ? first : 0
  const crew = createCrew(atOnce)
  try {
    for (const { offset, files: same } of places) {
      const [{ sizeBytes }] = same
      if (offset < position) throw damaged(pack, 'its files overlap')
      await skip(bytes, offset - position, pack)
      if (sizeBytes < smallBytes) {
        const whole = await takeWhole(bytes, sizeBytes, pack)
        await crew.start(() => writeSmall(whole, same, options))
      } else await writeLarge(bytes, same, options)
      position = offset + sizeBytes
    }
  } finally {
    found.body.destroy()
    await crew.end()
  }
}

/** The first from the archive, the others from the first: there may be more of them than files may be open. */
async function writeLarge(
  bytes: Cursor,
  [first, ...others]: Place['files'],
  { folders, pack }: WriteFiles,
): Promise<void> {
  await create(first, folders, async (source) => {
    await copy(bytes.take, source, first, pack)
    for (const file of others) {
      await create(file, folders, (handle) => copy(reading(source), handle, file, pack))
    }
  })
}

/** All of them from memory, beside others: the disk takes its time for each. */
async function writeSmall(
  bytes: Buffer,
  files: Place['files'],
  { folders, pack }: WriteFiles,
): Promise<void> {
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  for (const file of files) {
    if (bytes.byteLength !== file.sizeBytes || sha256 !== file.sha256) throw otherBytes(pack)
    await create(file, folders, (handle) => handle.writeFile(bytes))
  }
}

/** Makes a file, has it filled, and gives it its time and mode last. */
async function create(
  { path, modifiedAt, mode }: FileEntry,
  folders: Folders,
  fill: (handle: FileHandle) => Promise<void>,
): Promise<void> {
  const { O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW } = constants
  const flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW
  const handle = await folders.use(path, (at) => open(at, flags, 0o600))
  try {
    await fill(handle)
    await handle.utimes(modifiedAt / 1000, modifiedAt / 1000)
    await handle.chmod(mode)
  } finally {
    await handle.close()
  }
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
  if (digest.digest('hex') !== sha256) throw otherBytes(pack)
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

async function takeWhole(bytes: Cursor, sizeBytes: number, pack: ArtifactKey): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for (let left = sizeBytes; left > 0;) {
    const chunk = await bytes.take(left)
    if (chunk === null) throw damaged(pack, 'it ends too early')
    parts.push(chunk)
    left -= chunk.byteLength
  }
  return Buffer.concat(parts, sizeBytes)
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

function otherBytes(pack: ArtifactKey): ArtifactError {
  return damaged(pack, 'bytes are not those that were stored')
}

function damaged(pack: ArtifactKey, why: string): ArtifactError {
  return new ArtifactError('corrupt', `The archive ${pack} is damaged: ${why}.`)
}
