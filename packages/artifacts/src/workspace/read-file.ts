import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'

/** Files up to this size are read once; larger ones twice, so that memory stays bounded. */
const keptBytes = 1_048_576
export const chunkBytes = 65_536

/** Reads a file, at most so many bytes: one that is written all the time has no end. Its bytes are kept when they are few. */
export async function readForDigest(
  handle: FileHandle,
  most: number,
): Promise<{
  readonly sha256: string
  readonly sizeBytes: number
  readonly bytes: Buffer | null
}> {
  const digest = createHash('sha256')
  let kept: Buffer[] | null = []
  let sizeBytes = 0
  for await (const chunk of chunksOf(handle, most)) {
    digest.update(chunk)
    sizeBytes += chunk.byteLength
    if (sizeBytes > keptBytes) kept = null
    kept?.push(chunk)
  }
  const bytes = kept === null ? null : Buffer.concat(kept)
  return { sha256: digest.digest('hex'), sizeBytes, bytes }
}

/** At most so many bytes, from the start. */
export async function* chunksOf(handle: FileHandle, most: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < most;) {
    const length = Math.min(chunkBytes, most - at)
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(length), 0, length, at)
    if (bytesRead === 0) return
    at += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}
