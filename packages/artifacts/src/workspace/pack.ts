import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'

import { createBlocks } from './blocks.js'
import { isInside, isLinkInside, type ManifestEntry } from './manifest.js'
import {
  chunkBytes,
  chunksOf,
  readForDigest,
  toUnreadable,
  type Digested,
  type EarlyFile,
  type SmallFile,
} from './read-file.js'
import { tarEnd, tarHeader, tarPadding } from './tar.js'
import type { Found, SkippedInWorkspace } from './walk.js'

type FileEntry = Extract<ManifestEntry, { kind: 'file' }>
type NewFile = Pick<FileEntry, 'kind' | 'path' | 'mode' | 'modifiedAt'>

/** Where bytes are, by their digest. */
export type StoredBytes = Map<string, Pick<FileEntry, 'pack' | 'offset'>>

/** The archive of one backup. */
export interface Pack {
  /** Adds what was found, and says what the manifest says of it, or why it is left out; `null` when it is gone. */
  readonly take: (
    found: Found,
    early: EarlyFile | null,
  ) => AsyncGenerator<Uint8Array, ManifestEntry | SkippedInWorkspace | null>
  readonly end: () => Generator<Uint8Array>
}

/** The archive of this number. Bytes that are stored already are not stored again. */
export function createPack(number: number, stored: StoredBytes): Pack {
  const blocks = createBlocks()

  async function* take(
    found: Found,
    early: EarlyFile | null,
  ): AsyncGenerator<Uint8Array, ManifestEntry | SkippedInWorkspace | null> {
    const { path, kind, info, target } = found
    const mode = Number(info.mode & 0o777n)
    if (!isInside(path)) return 'bad_name'
    yield* blocks.full()
    if (kind === 'folder') {
      blocks.add(tarHeader({ path, type: 'Directory', mode, sizeBytes: 0, modifiedAt: 0 }))
      return { kind, path, mode }
    }
    if (kind === 'link') {
      if (target === null || !isLinkInside(path, target)) return 'link_outside'
      const type = 'SymbolicLink'
      blocks.add(tarHeader({ path, type, mode: 0o777, sizeBytes: 0, modifiedAt: 0, target }))
      return { kind, path, target }
    }
    const file = { kind, path, mode, modifiedAt: Number(info.mtimeNs) / 1e6 } as const
    if (early !== null) {
      if ('bytes' in early.result) return takeBytes(file, early.result)
      return early.result.missed
    }
    const handle = await found.open()
    if (handle === null || typeof handle === 'string') return handle
    try {
      return yield* takeHandle(handle, file, Number(info.size))
    } finally {
      await handle.close()
    }
  }

  function entryOf(file: NewFile, { sha256, sizeBytes }: Digested): FileEntry | null {
    const known = stored.get(sha256)
    if (known === undefined) return null
    return { ...file, sizeBytes, sha256, pack: known.pack, offset: known.offset }
  }

  function begin({ path, mode, modifiedAt }: NewFile, sizeBytes: number): number {
    blocks.add(tarHeader({ path, type: 'File', mode, sizeBytes, modifiedAt }))
    return blocks.position()
  }

  function finish(file: NewFile, { sha256, sizeBytes }: Digested, offset: number): FileEntry {
    stored.set(sha256, { pack: number, offset })
    return { ...file, sizeBytes, sha256, pack: number, offset }
  }

  function takeBytes(file: NewFile, read: SmallFile): FileEntry {
    const known = entryOf(file, read)
    if (known !== null) return known
    const offset = begin(file, read.sizeBytes)
    blocks.add(read.bytes)
    blocks.add(tarPadding(read.sizeBytes))
    return finish(file, read, offset)
  }

  /** Read twice, so that memory stays bounded. */
  async function* takeHandle(
    handle: FileHandle,
    file: NewFile,
    most: number,
  ): AsyncGenerator<Uint8Array, FileEntry | 'changing' | 'unreadable'> {
    const read = await readForDigest(handle, most).catch(toUnreadable)
    if (read === 'unreadable') return read
    const known = entryOf(file, read)
    if (known !== null) return known
    const offset = begin(file, read.sizeBytes)
    const digest = createHash('sha256')
    let left = read.sizeBytes
    for await (const chunk of chunksOf(handle, read.sizeBytes)) {
      digest.update(chunk)
      left -= chunk.byteLength
      blocks.add(chunk)
      yield* blocks.full()
    }
    // The archive goes on where its header says, whatever became of the file.
    const isShort = left > 0
    for (; left > 0; left -= Math.min(left, chunkBytes)) {
      blocks.add(Buffer.alloc(Math.min(left, chunkBytes)))
      yield* blocks.full()
    }
    blocks.add(tarPadding(read.sizeBytes))
    if (isShort || digest.digest('hex') !== read.sha256) return 'changing'
    return finish(file, read, offset)
  }

  return {
    take,
    end: function* () {
      blocks.add(tarEnd)
      yield* blocks.rest()
    },
  }
}
