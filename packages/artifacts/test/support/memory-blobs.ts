import { buffer } from 'node:stream/consumers'

import type { Blobs } from '../../src/blobs.js'

/** Blobs in memory, with all that a storage may be able to do. */
export function createMemoryBlobs(): Blobs & { readonly held: Map<string, Buffer> } {
  const held = new Map<string, Buffer>()
  return {
    held,
    write: async (name, bytes) => void held.set(name, await buffer(bytes)),
    writeNew: async (name, bytes) => {
      if (held.has(name)) return false
      held.set(name, Buffer.from(bytes))
      return true
    },
    read: async (name) => streamOf(held.get(name)),
    readPart: async (name, { start, end }) => streamOf(held.get(name)?.subarray(start, end + 1)),
    remove: async (name) => void held.delete(name),
    list: async function* ({ prefix, after = '' }) {
      const names = [...held.keys()].filter((name) => name.startsWith(prefix) && name > after)
      yield* names.sort()
    },
    sign: async (name) => `https://blobs.test/${name}`,
  }
}

function streamOf(bytes: Buffer | undefined): AsyncIterable<Uint8Array> | null {
  return bytes === undefined ? null : chunksOf(Buffer.from(bytes))
}

async function* chunksOf(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += 65_536) yield bytes.subarray(at, at + 65_536)
}
