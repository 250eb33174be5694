/**
 * Artifacts on any storage that can keep named bytes: a few calls to write, and every promise of a store.
 *
 * ```ts
 * const store = createBlobStore({ name: 's3', blobs: s3Blobs(client, 'app-artifacts') })
 * ```
 */
import { openBlobStore, type BlobStore, type BlobStoreOptions } from './blobs/blob-store.js'

export type { BlobStore, BlobStoreOptions, RemoveStaleBlobsOptions } from './blobs/blob-store.js'
export type { BlobCallOptions, BlobListOptions, Blobs } from './blobs/port.js'

/**
 * Keeps the bytes of an object under a name of their own, and under the object's name a short description that says which: an object
 * appears, changes and vanishes with that one write, whatever else the storage can or cannot do, and neither its notes nor its
 * digest have to fit into headers. A `get` is two reads, an entry of `list` one.
 *
 * @throws TypeError without `blobs`.
 */
export function createBlobStore(options: BlobStoreOptions): BlobStore {
  return openBlobStore(options)
}
