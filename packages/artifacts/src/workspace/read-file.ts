import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'

import { errorCode } from '../system-error.js'
import type { Found, SkippedInWorkspace } from './walk.js'

/** Files below this size are read once; others twice, so that memory stays bounded. */
const smallBytes = 262_144
export const chunkBytes = 65_536

/** What a file was when it was read. */
export interface Digested {
  readonly sha256: string
  readonly sizeBytes: number
}

/** A file with all of its bytes. */
export interface SmallFile extends Digested {
  readonly bytes: Buffer
}

/** What became of a file that was read before its turn: its bytes, or why not, `null` when it is gone. */
export interface EarlyFile {
  readonly result: SmallFile | { readonly missed: SkippedInWorkspace | null }
}

/** Opens, reads and closes a file that is small; `null` for anything else. */
export async function readSmallFile({ kind, info, open }: Found): Promise<EarlyFile | null> {
  const expectedBytes = Number(info.size)
  if (kind !== 'file' || expectedBytes >= smallBytes) return null
  const handle = await open()
  if (handle === null || typeof handle === 'string') return { result: { missed: handle } }
  try {
    const bytes = await readShort(handle, expectedBytes)
    if (bytes === null) return null
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    return { result: { sha256, sizeBytes: bytes.byteLength, bytes } }
  } catch (error) {
    return { result: { missed: toUnreadable(error) } }
  } finally {
    await handle.close()
  }
}

/** What the system says of one file is no failure of the others; anything else is thrown. */
export function toUnreadable(error: unknown): 'unreadable' {
  if (errorCode(error) === undefined) throw error
  return 'unreadable'
}

/** Reads a file for its digest, at most so many bytes: one that is written all the time has no end. */
export async function readForDigest(handle: FileHandle, most: number): Promise<Digested> {
  const digest = createHash('sha256')
  let sizeBytes = 0
  for await (const chunk of chunksOf(handle, most)) {
    digest.update(chunk)
    sizeBytes += chunk.byteLength
  }
  return { sha256: digest.digest('hex'), sizeBytes }
}

/** In one call, with room for one byte more, which must stay free; `null` for a file that has grown. */
async function readShort(handle: FileHandle, expectedBytes: number): Promise<Buffer | null> {
  const room = Buffer.allocUnsafe(expectedBytes + 1)
  let filled = 0
  while (filled < room.byteLength) {
    const { bytesRead } = await handle.read(room, filled, room.byteLength - filled, filled)
    filled += bytesRead
    const isEnd = bytesRead === 0 || filled === expectedBytes
    if (isEnd && filled < room.byteLength) return room.subarray(0, filled)
  }
  return null
}

/** At most so many bytes, from the start. */
export async function* chunksOf(handle: FileHandle, most: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < most;) {
    const length = Math.min(chunkBytes, most - at)
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(length), 0, length, at)
    if (bytesRead === 0) return
    at += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}
