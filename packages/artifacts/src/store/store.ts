import type { Readable } from 'node:stream'

import type { ArtifactKey } from './key.js'

/**
 * What a store can do beyond the basics: `if-absent` (`put` with `ifAbsent`), `range` (`get` with
 * `range`), `sign-url` (`signUrl`). A call that needs one that is not claimed fails with `unsupported`.
 */
export type ArtifactCapability = 'if-absent' | 'range' | 'sign-url'

/** Where the bytes of a `put` come from. Readable streams of Node and of the web platform fit. */
export type ArtifactSource = Uint8Array | AsyncIterable<Uint8Array>

/** What a store knows about one object. */
export interface ArtifactStat {
  /** Its address. */
  readonly key: ArtifactKey
  /** Its length in bytes. */
  readonly sizeBytes: number
  /** SHA-256 of its bytes, 64 lower-case hexadecimal digits. */
  readonly sha256: string
  /** Media type as given to `put`. Serving does not rely on it. */
  readonly contentType: string
  /** When it was stored, in milliseconds since the Unix epoch. */
  readonly storedAt: number
  /** The host's own notes, as given to `put`. */
  readonly metadata: Readonly<Record<string, string>>
}

/** An object opened for reading. */
export interface StoredArtifact {
  /** What the store knows about it; always of the same version as `body`. */
  readonly stat: ArtifactStat
  /** Its bytes. Read it to the end or destroy it: it may hold a descriptor. */
  readonly body: Readable
}

/** A part of an object, as HTTP counts: both ends are included. */
export interface ByteRange {
  /** First byte, counted from 0. */
  readonly start: number
  /** Last byte, included; cut to the end of the object. Default: the end. */
  readonly end?: number | undefined
}

/** Options that every call of a store takes. */
export interface StoreCallOptions {
  /** Stops the call; it rejects with `signal.reason`. */
  readonly signal?: AbortSignal | undefined
}

/** Options of {@link ArtifactStore.put}. */
export interface PutOptions extends StoreCallOptions {
  /** Media type. Default: `application/octet-stream`. */
  readonly contentType?: string | undefined
  /** Fail with `already_exists` instead of replacing. Default: false. */
  readonly ifAbsent?: boolean | undefined
  /** Most bytes to take; one more fails with `too_large`. Default: no limit. */
  readonly maxBytes?: number | undefined
  /** Notes kept with the object: names of `a-z 0-9 -`, at most 8,000 bytes in all. Default: none. */
  readonly metadata?: Readonly<Record<string, string>> | undefined
}

/** Options of {@link ArtifactStore.get}. */
export interface GetOptions extends StoreCallOptions {
  /** Only these bytes. Default: all. */
  readonly range?: ByteRange | undefined
}

/** Options of {@link ArtifactStore.list}. */
export interface ListOptions extends StoreCallOptions {
  /** Only keys that begin with this text; it need not end at a `/`. Default: every key. */
  readonly prefix?: string | undefined
  /** Only keys after this one: the last key of the page before. Default: from the start. */
  readonly after?: ArtifactKey | undefined
  /** Most objects to give. Default: all. */
  readonly limit?: number | undefined
}

/** Options of {@link ArtifactStore.signUrl}. */
export interface SignUrlOptions extends StoreCallOptions {
  /** How long the URL works, in milliseconds. */
  readonly expiresInMs: number
  /** `Content-Disposition` that the storage must answer with. Default: `attachment`. */
  readonly contentDisposition?: string | undefined
  /** `Content-Type` that the storage must answer with; see `toSafeContentType`. Default: `application/octet-stream`. */
  readonly contentType?: string | undefined
}

/**
 * A place for bytes. Its behaviour is written down as cases in `@turnstead/artifacts/contract`; the
 * memory store is the reference.
 */
export interface ArtifactStore {
  /** What this store can do beyond the basics. */
  readonly capabilities: readonly ArtifactCapability[]
  /**
   * Stores the source's bytes under the key, whole or not at all: a reader sees the old object or the
   * new one, and a failed or aborted call leaves nothing. On failure the source is closed.
   */
  put(key: ArtifactKey, source: ArtifactSource, options?: PutOptions): Promise<ArtifactStat>
  /** Opens an object; `null` when there is none. */
  get(key: ArtifactKey, options?: GetOptions): Promise<StoredArtifact | null>
  /** What the store knows about an object; `null` when there is none. */
  stat(key: ArtifactKey, options?: StoreCallOptions): Promise<ArtifactStat | null>
  /** Removes an object; false when there was none. */
  remove(key: ArtifactKey, options?: StoreCallOptions): Promise<boolean>
  /** Objects in ascending order of their keys, compared character by character. */
  list(options?: ListOptions): AsyncIterable<ArtifactStat>
  /** A URL that serves the object without this application; only with the capability `sign-url`. */
  signUrl?(key: ArtifactKey, options: SignUrlOptions): Promise<string>
}
