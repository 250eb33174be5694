export { createMemoryCatalog, type MemoryCatalogOptions } from './catalog/memory-catalog.js'
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'

import { destroyOnAbort } from './abort.js'
import { resolveRange } from './store/byte-range.js'
import { systemClock, type Clock } from './clock.js'
import { ArtifactError } from './errors.js'
import { assertKnown, type Names } from './known-options.js'
import { checkedPut } from './store/checked-put.js'
import { parseArtifactKey, type ArtifactKey } from './store/key.js'
import { checkListOptions } from './store/list-options.js'
import type { CheckedPut } from './store/put-options.js'
import { readSource } from './store/source.js'
import type { ArtifactSource, ArtifactStat, ArtifactStore } from './store/store.js'

/** Options of {@link createMemoryStore}. */
export interface MemoryStoreOptions {
  /** Where `storedAt` comes from. Default: the machine's clock. */
  readonly clock?: Pick<Clock, 'now'>
}

interface Entry {
  readonly stat: ArtifactStat
  readonly bytes: Buffer
}

const names: Names<MemoryStoreOptions> = { clock: true }
const chunkBytes = 65_536

/**
 * A store in this process's memory: for tests, and the reference for how every store behaves.
 *
 * @example
 * const store = createMemoryStore()
 * await store.put(parseArtifactKey('uploads/42'), Buffer.from('hello'))
 */
export function createMemoryStore(options: MemoryStoreOptions = {}): ArtifactStore {
  assertKnown('`createMemoryStore`', options, names)
  const clock = options.clock ?? systemClock
  const entries = new Map<ArtifactKey, Entry>()

  async function put(
    key: ArtifactKey,
    source: ArtifactSource,
    { contentType, ifAbsent, maxBytes, metadata, signal }: CheckedPut,
  ): Promise<ArtifactStat> {
    if (ifAbsent && entries.has(key)) throw alreadyExists(key)
    const digest = createHash('sha256')
    const chunks: Buffer[] = []
    for await (const chunk of readSource(source, { maxBytes, signal })) {
      digest.update(chunk)
      chunks.push(Buffer.from(chunk))
    }
    signal?.throwIfAborted()
    if (ifAbsent && entries.has(key)) throw alreadyExists(key)
    const bytes = Buffer.concat(chunks)
    const stat: ArtifactStat = {
      key,
      sizeBytes: bytes.byteLength,
      sha256: digest.digest('hex'),
      contentType,
      storedAt: clock.now(),
      metadata,
    }
    entries.set(key, { stat, bytes })
    return copyOf(stat)
  }

  return {
    capabilities: ['if-absent', 'range'],
    put: checkedPut('memory', put),
    get: async (key, { range, signal } = {}) => {
      signal?.throwIfAborted()
      const entry = entries.get(parseArtifactKey(key))
      if (entry === undefined) return null
      const { start, end } =
        range === undefined
          ? { start: 0, end: entry.bytes.byteLength - 1 }
          : resolveRange(range, entry.bytes.byteLength)
      const body = Readable.from(chunksOf(entry.bytes.subarray(start, end + 1)), {
        objectMode: false,
      })
      return { stat: copyOf(entry.stat), body: destroyOnAbort(body, signal) }
    },
    stat: async (key, { signal } = {}) => {
      signal?.throwIfAborted()
      const entry = entries.get(parseArtifactKey(key))
      return entry === undefined ? null : copyOf(entry.stat)
    },
    remove: async (key, { signal } = {}) => {
      signal?.throwIfAborted()
      return entries.delete(parseArtifactKey(key))
    },
    list: async function* (listOptions = {}) {
      const { prefix, after, limit, signal } = checkListOptions(listOptions)
      const keys = [...entries.keys()].filter((key) => key.startsWith(prefix) && key > after)
      let left = limit
      for (const key of keys.sort()) {
        signal?.throwIfAborted()
        const entry = entries.get(key)
        if (entry === undefined) continue
        if (left <= 0) return
        left -= 1
        yield copyOf(entry.stat)
      }
      signal?.throwIfAborted()
    },
  }
}

function alreadyExists(key: ArtifactKey): ArtifactError {
  return new ArtifactError('already_exists', `There is already an artifact ${key}.`)
}

/** Callers get their own copy, so nothing that they do to it changes the store. */
function copyOf(stat: ArtifactStat): ArtifactStat {
  return { ...stat, metadata: { ...stat.metadata } }
}

function* chunksOf(bytes: Buffer): Generator<Buffer> {
  for (let offset = 0; offset < bytes.byteLength; offset += chunkBytes) {
    yield Buffer.from(bytes.subarray(offset, offset + chunkBytes))
  }
}
