import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

import { createMemoryStore } from '../../../src/memory.js'
import type { Subject } from '../subject.js'

const pieceBytes = 65_536

/** The peer keeps the bytes as one buffer, and gives them in pieces that the reader may change, too. */
export async function openSubject(): Promise<Subject> {
  const held = new Map<string, Buffer>()
  function* piecesOf(bytes: Buffer): Generator<Buffer> {
    for (let at = 0; at < bytes.byteLength; at += pieceBytes) {
      yield Buffer.from(bytes.subarray(at, at + pieceBytes))
    }
  }
  return {
    store: createMemoryStore(),
    peer: {
      upload: async (name, source, digest) => {
        const chunks: Buffer[] = []
        const sink = new Writable({
          write: (chunk: Buffer, _encoding, done) => {
            chunks.push(Buffer.from(chunk))
            done()
          },
        })
        await pipeline(source, digest, sink)
        held.set(name, Buffer.concat(chunks))
      },
      download: async (name) =>
        Readable.from(piecesOf(held.get(name) ?? Buffer.alloc(0)), { objectMode: false }),
      isChecked: false,
      remove: async (name) => void held.delete(name),
    },
    close: async () => {},
  }
}
