/**
 * Artifacts in a bucket of Google Cloud Storage.
 *
 * ```ts
 * import { Storage } from '@google-cloud/storage'
 *
 * const store = createGcsStore({ bucket: new Storage().bucket('app-artifacts') })
 * ```
 */
import type { Bucket } from '@google-cloud/storage'

import type { Clock } from './clock.js'
import { openGcsStore } from './gcs/gcs-store.js'
import type { ArtifactStore, StoreCallOptions } from './store/store.js'

/** Options of {@link createGcsStore}. */
export interface GcsStoreOptions {
  /** The bucket, of the host's own client: its credentials, retries and endpoint hold. */
  readonly bucket: Bucket
  /** Beginning of the names of all objects, such as `artifacts/`. Default: none, the whole bucket. */
  readonly prefix?: string
  /**
   * Bytes up to which a source is kept in memory and sent in one request; a longer one is sent in chunks of as much, under
   * another name first. A multiple of 262,144. Default: 8 MiB.
   */
  readonly chunkBytes?: number
  /** What `removeStale` and `signUrl` count from, and repeated reads wait by. Default: the machine's clock. */
  readonly clock?: Clock
}

/** Options of {@link GcsStore.removeStale}. */
export interface RemoveStaleUploadsOptions extends StoreCallOptions {
  /** Only uploads that began this long ago, in milliseconds; longer than any upload lasts. */
  readonly olderThanMs: number
}

/** A store in a bucket. */
export interface GcsStore extends ArtifactStore {
  /** Removes what long uploads left when their process was killed; returns how many objects. A life-cycle rule on `.uploads/` does the same. */
  removeStale(options: RemoveStaleUploadsOptions): Promise<number>
}

/**
 * Keeps every object under its key in the bucket, its digest and notes in the object's own metadata. Every write has a
 * precondition, so that the client may repeat it, and is checked by CRC32C; a read goes on where it broke off, and a whole one is
 * checked by its SHA-256. Uniform bucket-level
 * access will do; nothing here touches access lists. Needs `storage.objects.create`, `get`, `list` and `delete`, and for
 * `signUrl` a key or `iam.serviceAccounts.signBlob`.
 *
 * An abort that comes while the last request of a `put` is on its way is too late: the call ends as though there had been none.
 *
 * @throws TypeError without a bucket or for a malformed prefix, RangeError for a bad `chunkBytes`.
 * @example
 * const store = createGcsStore({ bucket: new Storage().bucket('app'), prefix: 'artifacts/' })
 */
export function createGcsStore(options: GcsStoreOptions): GcsStore {
  return openGcsStore(options)
}
