import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

/** What is transferred, in bytes. */
export const gib: number = 2 ** 30

const blockBytes = 2 ** 20
const pieceBytes = 2 ** 16

/** A block of bytes like random ones, the same in every process; the file is this block again and again. */
const block: Buffer = makeBlock()

/** The bytes from here to there, the end excluded, in pieces as a socket or file gives them. */
export function* piecesOf(start: number, end: number): Generator<Buffer> {
  for (let at = start; at < end;) {
    const from = at % blockBytes
    const length = Math.min(pieceBytes, blockBytes - from, end - at)
    // A copy: a reader that keeps what it was given must pay for it.
    yield Buffer.from(block.subarray(from, from + length))
    at += length
  }
}

/** Whether these are the bytes at this place: an endpoint that knows what comes need not keep it. */
export function isFixture(bytes: Uint8Array, at: number): boolean {
  for (let done = 0; done < bytes.byteLength;) {
    const from = (at + done) % blockBytes
    const length = Math.min(blockBytes - from, bytes.byteLength - done)
    if (block.compare(bytes, done, done + length, from, from + length) !== 0) return false
    done += length
  }
  return true
}

export async function writeFixture(path: string, sizeBytes: number): Promise<void> {
  const pieces = Readable.from(piecesOf(0, sizeBytes), { objectMode: false })
  await pipeline(pieces, createWriteStream(path))
}

function makeBlock(): Buffer {
  const parts: Buffer[] = []
  for (let index = 0; index < blockBytes / 64; index += 1) {
    parts.push(createHash('sha512').update(String(index)).digest())
  }
  return Buffer.concat(parts)
}
