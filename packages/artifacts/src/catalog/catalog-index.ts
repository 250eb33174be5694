import { untilAbort } from '../abort.js'
import { ArtifactError } from '../errors.js'
import { isArtifactKey, parseArtifactKey } from '../store/key.js'
import type { ArtifactStore, StoreCallOptions } from '../store/store.js'
import { isSource, type Artifact } from './artifact.js'
import type { ArtifactCatalog, ArtifactOwner, CatalogEntry } from './catalog.js'
import { byPathThenAge, type FileIndex } from './file-index.js'

const dayMs = 86_400_000
/** Long enough for a slow store to remove a batch; after it another sweep may try. */
const leaseMs = 600_000
const batchSize = 100

/** What a catalog's index works with. */
export interface CatalogIndexOptions {
  readonly store: ArtifactStore
  readonly catalog: ArtifactCatalog
  readonly now: () => number
  /** A sweep must not take the bytes of a collection that has yet to write its rows. */
  readonly leastAgeMs: number
}

/** Rows tell which files there are; nothing goes through the store. */
export function createCatalogIndex(options: CatalogIndexOptions): FileIndex {
  const { store, catalog, now, leastAgeMs } = options

  async function* list(
    owner: ArtifactOwner,
    { signal }: StoreCallOptions,
  ): AsyncGenerator<Artifact> {
    for await (const entry of catalog.list(owner)) {
      signal?.throwIfAborted()
      const artifact = fromEntry(entry)
      if (artifact !== null) yield artifact
    }
  }

  /** Only while nobody else may store under them: after it these may be the bytes of a new row. */
  async function removeBytes(
    keys: readonly string[],
    until: number,
    signal?: AbortSignal,
  ): Promise<number> {
    const removed: string[] = []
    for (const key of keys) {
      if (now() >= until) break
      await store.remove(parseArtifactKey(key), { signal })
      if (now() < until) removed.push(key)
    }
    await catalog.forget(removed)
    return removed.length
  }

  /** A disk that is not mounted looks like one that lost everything. */
  async function refuseEmptyStore(signal?: AbortSignal): Promise<void> {
    for await (const _stat of store.list({ limit: 1, signal })) return
    throw new ArtifactError(
      'storage_failed',
      'There are rows, but the store holds nothing: is it the right one, and is it mounted?',
    )
  }

  async function removeRowsWithoutBytes(before: number, signal?: AbortSignal): Promise<number> {
    let empty: CatalogEntry[] = []
    let removed = 0
    for await (const entry of catalog.list('all')) {
      if (entry.storedAt > before) break
      const artifact = fromEntry(entry)
      if (artifact === null) continue
      if ((await store.stat(artifact.key, { signal })) === null) empty.push(entry)
      if (empty.length < batchSize) continue
      removed += await removeRows(empty, signal)
      empty = []
    }
    return removed + (await removeRows(empty, signal))
  }

  async function removeRows(empty: readonly CatalogEntry[], signal?: AbortSignal): Promise<number> {
    if (empty.length === 0) return 0
    await refuseEmptyStore(signal)
    return catalog.removeEntries(empty)
  }

  return {
    announce: async (key) => {
      const removing = await catalog.announce([key])
      if (removing.length === 0) return
      throw new ArtifactError('storage_failed', `A sweep is removing ${key}; collect again.`)
    },
    record: (artifacts) => catalog.record(artifacts),
    list: async function* (turnId, call) {
      const artifacts: Artifact[] = []
      for await (const artifact of list({ turnId }, call)) artifacts.push(artifact)
      yield* artifacts.sort(byPathThenAge)
    },
    listConversation: (conversationId, call) => list({ conversationId }, call),
    find: async (turnId, artifactId, { signal }) => {
      const entry = await untilAbort(signal, () => catalog.find(turnId, artifactId))
      return entry === null ? null : fromEntry(entry)
    },
    remove: (artifacts, { signal }) => untilAbort(signal, () => catalog.removeEntries(artifacts)),
    removeTurn: (turnId, { signal }) => untilAbort(signal, () => catalog.remove({ turnId })),
    removeConversation: (conversationId, { signal }) =>
      untilAbort(signal, () => catalog.remove({ conversationId })),
    sweep: async ({ olderThanMs = dayMs, limit = 1000, checkRows = false, signal }) => {
      if (!(olderThanMs >= leastAgeMs)) {
        throw new RangeError(
          `\`olderThanMs\` must be ${leastAgeMs} or more: a collection may last as long.`,
        )
      }
      if (!(Number.isSafeInteger(limit) && limit > 0)) {
        throw new RangeError('`limit` must be a whole number above 0.')
      }
      let bytesRemoved = 0
      while (bytesRemoved < limit) {
        signal?.throwIfAborted()
        const most = Math.min(batchSize, limit - bytesRemoved)
        const until = now() + leaseMs / 2
        const keys = await catalog.takeUnreferenced({ olderThanMs, leaseMs, limit: most })
        const removed = await removeBytes(keys, until, signal)
        bytesRemoved += removed
        if (keys.length === 0 || removed < keys.length) break
      }
      const before = now() - olderThanMs
      const rowsRemoved = checkRows ? await removeRowsWithoutBytes(before, signal) : 0
      return { bytesRemoved, rowsRemoved }
    },
  }
}

/** Reads a row as an artifact; `null` when it is none of ours. */
function fromEntry(entry: CatalogEntry): Artifact | null {
  const { key, provenance } = entry
  const { source } = provenance
  if (!isArtifactKey(key) || !isSource(source)) return null
  const trusted = entry.trusted && source === 'host'
  return { ...entry, key, trusted, provenance: { ...provenance, source } }
}
