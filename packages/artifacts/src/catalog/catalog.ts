import type { Artifact, ArtifactProvenance } from './artifact.js'

/** A stored file as a row: an {@link Artifact} as it comes out of a database, with plain text for its key and source. */
export type CatalogEntry = Omit<Artifact, 'key' | 'provenance'> & {
  readonly key: string
  readonly provenance: Omit<ArtifactProvenance, 'source'> & { readonly source: string }
}

/** Whose files: a turn's or a conversation's. */
export type ArtifactOwner =
  | { readonly turnId: string | number | bigint }
  | { readonly conversationId: string | number | bigint }

/** Options of {@link ArtifactCatalog.takeUnreferenced}. */
export interface TakeUnreferencedOptions {
  /** Only keys that were announced this long ago, in milliseconds. */
  readonly olderThanMs: number
  /** How long nobody else may take or store under them, in milliseconds. */
  readonly leaseMs: number
  /** Most keys. */
  readonly limit: number
}

/**
 * Which files there are, as rows beside those of the turns; `createArtifactCatalog` of `@turnstead/session/catalog` is one. Its promises
 * are cases in `@turnstead/artifacts/contract`.
 *
 * A key is *announced* before its bytes are written and before a row that refers to it goes away. So whatever is killed in between, a
 * sweep finds all bytes without rows among the announced keys, and never has to go through the store.
 */
export interface ArtifactCatalog {
  /** Notes that there may soon be bytes without a row. Gives those of the keys that are being removed right now: nothing may be stored under them. */
  announce(keys: readonly string[]): Promise<readonly string[]>
  /** Writes rows, one for each turn and path: a later one takes the place of an earlier, whose key is announced. Again is the same as once. */
  record(entries: readonly CatalogEntry[]): Promise<void>
  /** The rows of an owner, or all; the oldest first. */
  list(owner: ArtifactOwner | 'all'): AsyncIterable<CatalogEntry>
  /** A row of this turn by the artifact's id; `null` when the turn has none such. */
  find(turnId: string | number | bigint, artifactId: string): Promise<CatalogEntry | null>
  /** Announces the keys of the rows, and removes the rows; returns how many. */
  remove(owner: ArtifactOwner): Promise<number>
  /** The same for single rows, as long as they still have these keys and these times: what was stored anew is not theirs. */
  removeEntries(entries: readonly CatalogEntry[]): Promise<number>
  /**
   * Keys that no row refers to, for this caller to remove the bytes of. Announced keys that a row refers to are forgotten, and hide none
   * that are younger, however many they are: nothing taken means that there was nothing to take.
   */
  takeUnreferenced(options: TakeUnreferencedOptions): Promise<readonly string[]>
  /** The bytes of these keys are gone. */
  forget(keys: readonly string[]): Promise<void>
}
