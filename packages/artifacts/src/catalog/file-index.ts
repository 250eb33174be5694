import { ArtifactError } from '../errors.js'
import type { ArtifactKey } from '../store/key.js'
import type { ArtifactStore, StoreCallOptions } from '../store/store.js'
import { toArtifact, toArtifactKey, toTurnPrefix, type Artifact } from './artifact.js'

type Id = string | number | bigint

/** Where it is known which files there are: beside the bytes in the store, or in a catalog. */
export interface FileIndex {
  /** Called before bytes are stored under a key. */
  announce(key: ArtifactKey): Promise<void>
  /** Called when the bytes of these are stored. */
  record(artifacts: readonly Artifact[]): Promise<void>
  list(turnId: Id, options: StoreCallOptions): AsyncIterable<Artifact>
  listConversation(conversationId: Id, options: StoreCallOptions): AsyncIterable<Artifact>
  find(turnId: Id, artifactId: string, options: StoreCallOptions): Promise<Artifact | null>
  remove(artifacts: readonly Artifact[], options: StoreCallOptions): Promise<number>
  removeTurn(turnId: Id, options: StoreCallOptions): Promise<number>
  removeConversation(conversationId: Id, options: StoreCallOptions): Promise<number>
  sweep(options: SweepOptions): Promise<SweepReport>
}

/** Options of a sweep. */
export interface SweepOptions extends StoreCallOptions {
  /** Only what was left this long ago, in milliseconds; longer than any `collect` lasts. Default: a day. */
  readonly olderThanMs?: number | undefined
  /** Most files whose bytes are removed in this call. Default: 1000. */
  readonly limit?: number | undefined
  /** Also ask the store for every row's bytes, and remove rows that have none. One `stat` for each file that there is. Default: false. */
  readonly checkRows?: boolean | undefined
}

/** What a sweep removed. */
export interface SweepReport {
  /** Files whose bytes had no row. */
  readonly bytesRemoved: number
  /** Rows that had no bytes. */
  readonly rowsRemoved: number
}

/** The notes beside the bytes tell all that is asked of a turn; of conversations they do not. */
export function createStoreIndex(store: ArtifactStore): FileIndex {
  return {
    announce: async () => {},
    record: async () => {},
    list: async function* (turnId, { signal }) {
      const artifacts: Artifact[] = []
      for await (const stat of store.list({ prefix: toTurnPrefix(turnId), signal })) {
        const artifact = toArtifact(stat)
        if (artifact !== null) artifacts.push(artifact)
      }
      yield* artifacts.sort(byPathThenAge)
    },
    listConversation: () => ({
      [Symbol.asyncIterator]: () => ({ next: async () => needsCatalog() }),
    }),
    find: async (turnId, artifactId, { signal }) => {
      const key = toArtifactKey(turnId, artifactId)
      const stat = key === null ? null : await store.stat(key, { signal })
      return stat === null ? null : toArtifact(stat)
    },
    remove: async (artifacts, { signal }) => {
      let removed = 0
      for (const { key } of artifacts) if (await store.remove(key, { signal })) removed += 1
      return removed
    },
    removeTurn: async (turnId, { signal }) => {
      let removed = 0
      for await (const { key } of store.list({ prefix: toTurnPrefix(turnId), signal })) {
        if (await store.remove(key, { signal })) removed += 1
      }
      return removed
    },
    removeConversation: async () => needsCatalog(),
    sweep: async () => needsCatalog(),
  }
}

/** By path, then by age. */
export function byPathThenAge(one: Artifact, other: Artifact): number {
  if (one.path !== other.path) return one.path < other.path ? -1 : 1
  return one.storedAt - other.storedAt
}

function needsCatalog(): never {
  throw new ArtifactError('unsupported', 'Without a `catalog` only the files of a turn are known.')
}
