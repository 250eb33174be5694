import { systemClock, type Clock } from '../clock.js'
import { assertKnown, type Names } from '../known-options.js'
import type { ArtifactCatalog, ArtifactOwner, CatalogEntry } from './catalog.js'

/** Options of {@link createMemoryCatalog}. */
export interface MemoryCatalogOptions {
  /** What is old is so by this. Default: the machine's clock. */
  readonly clock?: Pick<Clock, 'now'>
}

const names: Names<MemoryCatalogOptions> = { clock: true }

/** What is known of a key that may have no row. */
interface Announced {
  at: number
  removingUntil: number
}

/** A catalog in this process's memory: for tests, and the reference for how every catalog behaves. */
export function createMemoryCatalog(options: MemoryCatalogOptions = {}): ArtifactCatalog {
  assertKnown('`createMemoryCatalog`', options, names)
  const { clock = systemClock } = options
  const rows = new Map<string, CatalogEntry>()
  const announced = new Map<string, Announced>()

  function announce(keys: readonly string[]): string[] {
    const at = clock.now()
    for (const key of keys) {
      announced.set(key, { at, removingUntil: announced.get(key)?.removingUntil ?? -Infinity })
    }
    return keys.filter((key) => (announced.get(key)?.removingUntil ?? -Infinity) > at)
  }

  function drop(entries: readonly CatalogEntry[]): number {
    const there = entries.filter((entry) => {
      const row = rows.get(toRowId(entry))
      return row?.key === entry.key && row.storedAt === entry.storedAt
    })
    announce(there.map(({ key }) => key))
    for (const entry of there) rows.delete(toRowId(entry))
    return there.length
  }

  const ofOwner = (owner: ArtifactOwner | 'all'): CatalogEntry[] =>
    [...rows.values()].filter((entry) => owner === 'all' || isOf(entry, owner)).sort(byAge)

  return {
    announce: async (keys) => [...new Set(announce(keys))],
    record: async (entries) => {
      for (const entry of entries) {
        const before = rows.get(toRowId(entry))
        if (before !== undefined && before.key !== entry.key) announce([before.key])
        rows.set(toRowId(entry), entry)
      }
    },
    list: async function* (owner) {
      yield* ofOwner(owner)
    },
    find: async (turnId, artifactId) => {
      const found = rows.get(toRowId({ turnId: String(turnId), id: artifactId }))
      return found?.id === artifactId ? found : null
    },
    remove: async (owner) => drop(ofOwner(owner)),
    removeEntries: async (entries) => drop(entries),
    takeUnreferenced: async ({ olderThanMs, leaseMs, limit }) => {
      const now = clock.now()
      const referenced = new Set([...rows.values()].map(({ key }) => key))
      const old = [...announced].filter(
        ([, { at, removingUntil }]) => at <= now - olderThanMs && removingUntil <= now,
      )
      const taken: string[] = []
      for (const [key, entry] of old) {
        if (taken.length >= limit) break
        if (referenced.has(key)) announced.delete(key)
        else {
          entry.removingUntil = now + leaseMs
          taken.push(key)
        }
      }
      return taken
    },
    forget: async (keys) => {
      for (const key of keys) {
        if ((announced.get(key)?.removingUntil ?? -Infinity) > -Infinity) announced.delete(key)
      }
    },
  }
}

/** An artifact's id begins with the digest of its path. */
function toRowId({ turnId, id }: Pick<CatalogEntry, 'turnId' | 'id'>): string {
  return JSON.stringify([turnId, id.split('-')[0]])
}

function isOf(entry: CatalogEntry, owner: ArtifactOwner): boolean {
  return 'turnId' in owner
    ? entry.turnId === String(owner.turnId)
    : entry.conversationId === String(owner.conversationId)
}

function byAge(one: CatalogEntry, other: CatalogEntry): number {
  return one.storedAt - other.storedAt
}
