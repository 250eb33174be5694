import type { SignUrlOptions } from '../store/store.js'

/** Options that every call of a {@link Blobs} gets. */
export interface BlobCallOptions {
  /** Ends the call; rejecting with anything will do. */
  readonly signal?: AbortSignal | undefined
}

/** Which names {@link Blobs.list} gives. */
export interface BlobListOptions extends BlobCallOptions {
  /** Only names that begin with this. */
  readonly prefix: string
  /** Only names after this one. */
  readonly after?: string | undefined
}

/**
 * Named bytes on some storage. Names are made of `a-z 0-9 . - /`, no part of one is longer than 210 characters, and no name is the
 * folder of another. What a call rejects with becomes the `cause` of a `storage_failed`.
 */
export interface Blobs {
  /** Stores the bytes under a name that is free or may be replaced; whole, or nothing that `read` gives. */
  write(name: string, bytes: AsyncIterable<Uint8Array>, options: BlobCallOptions): Promise<void>
  /** Stores a few bytes if the name is free, in one step; false when it is taken, or somebody else is just writing it. Without it the store has no `if-absent`. */
  writeNew?(name: string, bytes: Uint8Array, options: BlobCallOptions): Promise<boolean>
  /** The bytes; `null` when there are none. They stay what they are while they are read. */
  read(name: string, options: BlobCallOptions): Promise<AsyncIterable<Uint8Array> | null>
  /** From the first to the last byte, both included, or `null`. Without it the store has no `range`. */
  readPart?(
    name: string,
    part: { readonly start: number; readonly end: number },
    options: BlobCallOptions,
  ): Promise<AsyncIterable<Uint8Array> | null>
  /** Removes the bytes, if there are any. */
  remove(name: string, options: BlobCallOptions): Promise<void>
  /** Names in ascending order, compared character by character. */
  list(options: BlobListOptions): AsyncIterable<string>
  /** An address that serves the bytes for a while. Without it the store has no `sign-url`. */
  sign?(name: string, options: SignUrlOptions): Promise<string>
}
