/**
 * Artifacts in a bucket of Google Cloud Storage.
 *
 * ```ts
 * import { Storage } from '@google-cloud/storage'
 *
 * const store = createGcsStore({ bucket: new Storage().bucket('app-artifacts') })
 * ```
 */
import { openGcsStore, type GcsStore, type GcsStoreOptions } from './gcs/gcs-store.js'

export type { GcsStore, GcsStoreOptions, RemoveStaleUploadsOptions } from './gcs/gcs-store.js'

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
