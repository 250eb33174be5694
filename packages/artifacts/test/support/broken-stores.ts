import { Readable } from 'node:stream'

import { ArtifactError } from '../../src/errors.js'
import { parseArtifactKey, parseKeyPrefix, type ArtifactKey } from '../../src/store/key.js'
import { createMemoryStore } from '../../src/memory.js'
import type { ArtifactSource, ArtifactStat, ArtifactStore } from '../../src/store/store.js'

/** A store with one defect, and the promise of the contract that the defect breaks. */
export interface BrokenStore {
  readonly breaks: string
  readonly make: () => ArtifactStore
}

type Defect = (store: ArtifactStore) => Partial<ArtifactStore>

function broken(breaks: string, defect: Defect): BrokenStore {
  const make = (): ArtifactStore => {
    const store = createMemoryStore()
    return { ...store, ...defect(store) }
  }
  return { breaks, make }
}

async function toBytes(source: ArtifactSource): Promise<Uint8Array> {
  if (source instanceof Uint8Array) return Uint8Array.from(source)
  const chunks: Uint8Array[] = []
  for await (const chunk of source) chunks.push(Uint8Array.from(chunk))
  return Buffer.concat(chunks)
}

/** A put that changes what it is given on the way in. */
function putting(change: (bytes: Uint8Array) => Uint8Array): Defect {
  return (store) => ({
    put: async (key, source, options) => store.put(key, change(await toBytes(source)), options),
  })
}

/** Another key for the same object, in the eyes of a careless store. */
function rekeyed(rename: (key: string) => string): Defect {
  const to = (key: ArtifactKey): ArtifactKey => parseArtifactKey(rename(parseArtifactKey(key)))
  return (store) => ({
    put: async (key, source, options) => store.put(to(key), source, options),
    get: async (key, options) => store.get(to(key), options),
    stat: async (key, options) => store.stat(to(key), options),
    remove: async (key, options) => store.remove(to(key), options),
  })
}

function listing(change: (stats: ArtifactStat[], prefix: string) => ArtifactStat[]): Defect {
  return (store) => ({
    list: async function* (options = {}) {
      const stats = []
      for await (const stat of store.list({ ...options, prefix: '' })) stats.push(stat)
      const prefix = parseKeyPrefix(options.prefix ?? '')
      yield* change(stats, prefix)
    },
  })
}

export const brokenStores: readonly BrokenStore[] = [
  broken('get and stat of an absent key give null', (store) => ({
    get: async (key, options) => {
      const found = await store.get(key, options)
      if (found === null) throw new ArtifactError('storage_failed', 'not found')
      return found
    },
  })),
  broken(
    'put stores bytes that get returns',
    putting((bytes) => bytes.map((byte) => byte ^ 1)),
  ),
  broken('put returns what stat and get return later', (store) => ({
    put: async (...args) => ({ ...(await store.put(...args)), sizeBytes: 0 }),
  })),
  broken('the content type is application/octet-stream when none is given', (store) => ({
    put: async (key, source, options) =>
      store.put(key, source, { contentType: 'text/html', ...options }),
  })),
  broken('metadata keeps any text', (store) => ({
    put: async (key, source, options = {}) => {
      const metadata = Object.fromEntries(
        Object.entries(options.metadata ?? {}).map(([name, value]) => [
          name,
          Buffer.from(value, 'latin1').toString('latin1'),
        ]),
      )
      return store.put(key, source, { ...options, metadata })
    },
  })),
  broken('an empty body is an object', (store) => ({
    put: async (key, source, options) => {
      const stat = await store.put(key, source, options)
      if (stat.sizeBytes === 0) await store.remove(key)
      return stat
    },
  })),
  broken(
    'a large body in uneven chunks comes back byte for byte',
    putting((bytes) => (bytes.length > 65_536 ? bytes.slice(0, 65_536) : bytes)),
  ),
  broken('a source may use its buffer again after every chunk', (store) => ({
    put: async (key, source, options) => {
      if (source instanceof Uint8Array) return store.put(key, source, options)
      const chunks: Uint8Array[] = []
      for await (const chunk of source) chunks.push(chunk)
      return store.put(key, Buffer.concat(chunks), options)
    },
  })),
  broken('changing what was put or returned does not change what is stored', () => {
    const kept = new Map<string, Uint8Array>()
    const store = createMemoryStore()
    return {
      ...store,
      put: async (key, source, options) => {
        if (source instanceof Uint8Array) kept.set(key, source)
        return store.put(key, source, options)
      },
      get: async (key, options) => {
        const found = await store.get(key, options)
        const bytes = kept.get(key)
        return found === null || bytes === undefined
          ? found
          : { ...found, body: Readable.from([bytes]) }
      },
    }
  }),
  broken('put replaces bytes, type and metadata together', (store) => ({
    put: async (key, source, options = {}) => {
      const before = await store.stat(key)
      const metadata = { ...before?.metadata, ...options.metadata }
      return store.put(key, source, { ...options, metadata })
    },
  })),
  broken('an open body keeps its version when the object is replaced or removed', (store) => ({
    get: async (key, options) => {
      const found = await store.get(key, options)
      if (found === null) return null
      const late = async function* (): AsyncGenerator<Uint8Array> {
        const now = await store.get(key)
        if (now !== null) yield* now.body
      }
      return { ...found, body: Readable.from(late()) }
    },
  })),
  broken('remove says whether there was something, and leaves nothing', (store) => ({
    remove: async (...args) => {
      await store.remove(...args)
      return true
    },
  })),
  broken(
    'a key and a key below it are two objects',
    rekeyed((key) => key.replace(/\/.*$/, '')),
  ),
  broken(
    'keys that differ in case only are two objects',
    rekeyed((key) => key.toLowerCase()),
  ),
  broken(
    'names that are devices on some platforms, and the longest key, are ordinary keys',
    rekeyed((key) => key.slice(0, 255).replace(/\/$/, '')),
  ),
  broken('every call refuses a hostile key with invalid_key', (store) => ({
    stat: async (key, options) => {
      try {
        return await store.stat(key, options)
      } catch (error) {
        if (ArtifactError.is(error)) return null
        throw error
      }
    },
  })),
  broken('list refuses a prefix that no key begins with', (store) => ({
    list: async function* (options = {}) {
      for await (const stat of store.list({ ...options, prefix: '' })) {
        if (stat.key.startsWith(options.prefix ?? '')) yield stat
      }
    },
  })),
  broken('put refuses malformed and over-long metadata with invalid_metadata', (store) => ({
    put: async (key, source, options = {}) => {
      const entries = Object.entries(options.metadata ?? {})
      const metadata = Object.fromEntries(
        entries.filter(([name, value]) => /^[a-z0-9-]+$/.test(name) && value.length < 8000),
      )
      return store.put(key, source, { ...options, metadata })
    },
  })),
  broken('put takes exactly maxBytes and refuses one more with too_large', (store) => ({
    put: async (key, source, options = {}) =>
      store.put(key, source, { ...options, maxBytes: (options.maxBytes ?? Infinity) + 1 }),
  })),
  broken(
    'a source that fails midway fails put with source_failed and changes nothing',
    (store) => ({
      put: async (key, source, options) => {
        await store.put(key, new Uint8Array(0))
        return store.put(key, source, options)
      },
    }),
  ),
  broken('an aborted signal stops every call before it does anything', (store) => ({
    remove: async (key) => store.remove(key),
  })),
  broken(
    'an abort during put is noticed while the source is silent, closes it, and changes nothing',
    (store) => ({
      put: async (key, source, options = {}) => {
        options.signal?.throwIfAborted()
        const { signal: _ignored, ...others } = options
        return store.put(key, source, others)
      },
    }),
  ),
  broken('an abort during get ends the body with the reason', (store) => ({
    get: async (key, options = {}) => {
      options.signal?.throwIfAborted()
      const { signal: _ignored, ...others } = options
      return store.get(key, others)
    },
  })),
  broken('a failing put closes its stream', (store) => ({
    put: async (key, source, options) => {
      const undestroyed: AsyncIterable<Uint8Array> = {
        [Symbol.asyncIterator]: () => {
          const iterator = (source as Readable)[Symbol.asyncIterator]()
          return { next: async () => iterator.next() }
        },
      }
      return store.put(key, source instanceof Uint8Array ? source : undestroyed, options)
    },
  })),
  broken('a chunk that is not bytes fails put and stores nothing', (store) => ({
    put: async (key, source, options) => {
      if (source instanceof Uint8Array) return store.put(key, source, options)
      const encoded = async function* (): AsyncGenerator<Uint8Array> {
        for await (const chunk of source) yield Buffer.from(chunk)
      }
      return store.put(key, encoded(), options)
    },
  })),
  broken('nothing is visible of an object before its put is done', (store) => ({
    put: async (key, source, options) => {
      if ((await store.stat(key)) === null) await store.put(key, new Uint8Array(0))
      return store.put(key, source, options)
    },
  })),
  broken('of many puts at once one wins whole, and readers see only whole objects', (store) => {
    const notes = new Map<string, ArtifactStat>()
    return {
      put: async (...args) => {
        const stat = await store.put(...args)
        await new Promise((resolve) => setImmediate(resolve))
        if (!notes.has(stat.key)) notes.set(stat.key, stat)
        return stat
      },
      stat: async (key) => notes.get(parseArtifactKey(key)) ?? null,
    }
  }),
  broken(
    'put with ifAbsent stores into a free key and refuses a taken one with already_exists',
    (store) => ({
      put: async (key, source, options) => store.put(key, source, { ...options, ifAbsent: false }),
    }),
  ),
  broken('of many puts with ifAbsent at once exactly one succeeds', checkThenPut),
  broken(
    'an ifAbsent put that started first loses to an object that was stored meanwhile',
    checkThenPut,
  ),
  broken('puts and removes of neighbours do not disturb each other', (store) => ({
    remove: async (key) => {
      const folder = parseArtifactKey(key).replace(/[^/]*$/, '')
      let removed = false
      for await (const stat of store.list({ prefix: folder })) {
        removed = (await store.remove(stat.key)) || removed
      }
      return removed
    },
  })),
  broken('a range gives its bytes, both ends included, and the stat of the whole', (store) => ({
    get: async (key, options = {}) => {
      const { range } = options
      if (range?.end === undefined) return store.get(key, options)
      const end = Math.max(range.start, range.end - 1)
      return store.get(key, { ...options, range: { ...range, end } })
    },
  })),
  broken('a range outside the object fails with range_not_satisfiable', (store) => ({
    get: async (key, options = {}) => {
      const stat = await store.stat(key)
      const isOutside = stat !== null && (options.range?.start ?? 0) >= stat.sizeBytes
      return store.get(key, isOutside ? {} : options)
    },
  })),
  broken('a malformed range is a RangeError', (store) => ({
    get: async (key, options = {}) =>
      store.get(key, (options.range?.start ?? 0) >= 0 ? options : {}),
  })),
  broken('list of an empty store is empty', (store) => ({
    list: () => {
      const stats = store.list()
      return { [Symbol.asyncIterator]: () => ({ next: async () => firstOrFail(stats) }) }
    },
  })),
  broken(
    'list gives every object in the order of its key, with its stat',
    listing((stats, prefix) =>
      stats
        .filter(({ key }) => key.startsWith(prefix))
        .sort((one, other) => one.key.localeCompare(other.key)),
    ),
  ),
  broken(
    'list has no limit of its own',
    listing((stats, prefix) => stats.filter(({ key }) => key.startsWith(prefix)).slice(0, 32)),
  ),
  broken(
    'a prefix is the beginning of the text of a key',
    listing((stats, prefix) =>
      stats.filter(({ key }) => prefix === '' || `${key}/`.startsWith(prefix.replace(/\/?$/, '/'))),
    ),
  ),
  broken('pages of every size, joined, are the whole list', (store) => ({
    list: (options = {}) => store.list({ ...options, limit: (options.limit ?? Infinity) + 1 }),
  })),
  broken('after need not be a key that exists', (store) => ({
    list: async function* (options = {}) {
      const { after, ...others } = options
      let isAfter = after === undefined
      for await (const stat of store.list(others)) {
        if (isAfter) yield stat
        if (stat.key === after) isAfter = true
      }
    },
  })),
  broken('list goes on when objects vanish underneath it', (store) => ({
    list: async function* (options = {}) {
      const keys = []
      for await (const { key } of store.list(options)) keys.push(key)
      for (const key of keys) {
        const stat = await store.stat(key)
        if (stat === null) throw new ArtifactError('storage_failed', 'It vanished.')
        yield stat
      }
    },
  })),
  broken('an abort ends a list with the reason', (store) => ({
    list: async function* (options = {}) {
      options.signal?.throwIfAborted()
      const { signal: _ignored, ...others } = options
      yield* store.list(others)
    },
  })),
  broken('a capability that is claimed works, and one that is not fails with unsupported', () => ({
    capabilities: ['if-absent'],
  })),
]

/** The race that `ifAbsent` is there to exclude. */
function checkThenPut(store: ArtifactStore): Partial<ArtifactStore> {
  return {
    put: async (key, source, options = {}) => {
      if (options.ifAbsent === true && (await store.stat(key)) !== null) {
        throw new ArtifactError('already_exists', 'It is taken.')
      }
      return store.put(key, source, { ...options, ifAbsent: false })
    },
  }
}

async function firstOrFail(
  stats: AsyncIterable<ArtifactStat>,
): Promise<IteratorResult<ArtifactStat>> {
  for await (const value of stats) return { done: false, value }
  throw new ArtifactError('storage_failed', 'There is no folder yet.')
}
