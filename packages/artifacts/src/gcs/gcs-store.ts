import type { Bucket } from '@google-cloud/storage'

import { destroyOnAbort } from '../abort.js'
import { systemClock, type Clock } from '../clock.js'
import { checkedPut } from '../store/checked-put.js'
import { parseArtifactKey, type ArtifactKey } from '../store/key.js'
import { checkAge } from '../store/list-options.js'
import type { CheckedPut } from '../store/put-options.js'
import type {
  ArtifactSource,
  ArtifactStat,
  ArtifactStore,
  StoreCallOptions,
} from '../store/store.js'
import { callBucket } from './call-bucket.js'
import { isNotFound, isStale, toStorageError } from './errors.js'
import { findObject } from './find-object.js'
import { listObjects } from './list-objects.js'
import { createNames, requireStat } from './object.js'
import { readObject } from './read-object.js'
import { removeStale } from './remove-stale.js'
import { writeObject } from './write-object.js'
import { assertKnown, type Names } from '../known-options.js'

const chunkUnit = 262_144
/** The service signs for seven days at most. */
const maxSignedMs = 604_800_000
const goodPrefix = /^(?:[\w=.-]+\/)*$/

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

const optionNames: Names<GcsStoreOptions> = {
  bucket: true,
  prefix: true,
  chunkBytes: true,
  clock: true,
}

/** The store, over the host's bucket. */
export function openGcsStore(options: GcsStoreOptions): GcsStore {
  assertKnown('`createGcsStore`', options, optionNames)
  const { bucket, prefix = '', chunkBytes = 8_388_608, clock = systemClock } = options
  checkOptions({ bucket, prefix, chunkBytes })
  const names = createNames(prefix)

  async function put(
    key: ArtifactKey,
    source: ArtifactSource,
    options: CheckedPut,
  ): Promise<ArtifactStat> {
    // Not given up on an abort: whoever is told that a put is over must find it so.
    try {
      return await writeObject({ bucket, names, key, source, options, chunkBytes })
    } catch (error) {
      options.signal?.throwIfAborted()
      throw toStorageError(error)
    }
  }

  async function remove(key: ArtifactKey): Promise<boolean> {
    for (;;) {
      const found = await findObject(bucket, names, key)
      if (found === null) return false
      const preconditionOpts = { ifGenerationMatch: found.generation }
      try {
        await bucket.file(names.name(key), { preconditionOpts }).delete()
        return true
      } catch (error) {
        if (isNotFound(error)) return false
        if (!isStale(error)) throw error
      }
    }
  }

  return {
    capabilities: ['if-absent', 'range', 'sign-url'],
    put: checkedPut('gcs', put),
    get: async (key, { range, signal } = {}) => {
      parseArtifactKey(key)
      return callBucket(signal, async () => {
        const found = await readObject({ bucket, clock, names, key, range })
        if (found === null) return null
        return { stat: found.stat, body: destroyOnAbort(found.body, signal) }
      })
    },
    stat: async (key, { signal } = {}) => {
      parseArtifactKey(key)
      return callBucket(signal, async () => {
        const found = await findObject(bucket, names, key)
        return found === null ? null : requireStat(found, key)
      })
    },
    remove: async (key, { signal } = {}) => {
      parseArtifactKey(key)
      return callBucket(signal, async () => remove(key))
    },
    list: (listOptions = {}) => listObjects(bucket, names, listOptions),
    signUrl: async (key, signOptions) => {
      parseArtifactKey(key)
      const { expiresInMs, contentDisposition = 'attachment', contentType, signal } = signOptions
      if (!(expiresInMs >= 1000 && expiresInMs <= maxSignedMs)) {
        throw new RangeError('`expiresInMs` must be between a second and seven days.')
      }
      return callBucket(signal, async () => {
        const [url] = await bucket.file(names.name(key)).getSignedUrl({
          version: 'v4',
          action: 'read',
          expires: clock.now() + expiresInMs,
          responseDisposition: contentDisposition,
          responseType: contentType ?? 'application/octet-stream',
        })
        return url
      })
    },
    removeStale: async ({ olderThanMs, signal }) => {
      checkAge(olderThanMs)
      return callBucket(signal, () => removeStale(bucket, names, clock.now() - olderThanMs, signal))
    },
  }
}

function checkOptions(options: Required<Omit<GcsStoreOptions, 'clock'>>): void {
  const { bucket, prefix, chunkBytes } = options
  if (typeof bucket !== 'object' || typeof bucket?.file !== 'function') {
    throw new TypeError('`bucket` must be a bucket of `@google-cloud/storage`.')
  }
  if (!goodPrefix.test(prefix)) {
    throw new TypeError('`prefix` must be folders of plain characters that end in `/`.')
  }
  if (!Number.isSafeInteger(chunkBytes) || chunkBytes < chunkUnit || chunkBytes % chunkUnit !== 0) {
    throw new RangeError('`chunkBytes` must be a multiple of 262,144.')
  }
}
