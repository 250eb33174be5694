import { destroyOnAbort, untilAbort } from '../abort.js'
import { systemClock, type Clock } from '../clock.js'
import { ArtifactError } from '../errors.js'
import { checkedPut } from '../store/checked-put.js'
import { parseArtifactKey } from '../store/key.js'
import { checkAge, checkListOptions } from '../store/list-options.js'
import type {
  ArtifactCapability,
  ArtifactStat,
  ArtifactStore,
  ListOptions,
  StoreCallOptions,
} from '../store/store.js'
import { findObject, removeQuietly } from './find.js'
import { toBytesName, toDescriptionName, toDescriptionPrefix, toKey } from './names.js'
import { openObject } from './open-object.js'
import type { Blobs } from './port.js'
import { putObject } from './put-object.js'
import { removeStale } from './remove-stale.js'
import { assertKnown, type Names } from '../known-options.js'

/** Options of {@link createBlobStore}. */
export interface BlobStoreOptions {
  /** The storage. */
  readonly blobs: Blobs
  /** What the tracing channel calls the store. Default: `blobs`. */
  readonly name?: string
  /** Where `storedAt` comes from. Default: the machine's clock. */
  readonly clock?: Pick<Clock, 'now'>
}

/** Options of {@link BlobStore.removeStale}. */
export interface RemoveStaleBlobsOptions extends StoreCallOptions {
  /** Only bytes that came this long ago, in milliseconds; longer than any upload or download lasts. */
  readonly olderThanMs: number
}

/** A store over {@link Blobs}. */
export interface BlobStore extends ArtifactStore {
  /** Removes bytes that no object refers to: what killed processes and writers at once left. Reads every description. Returns how many. */
  removeStale(options: RemoveStaleBlobsOptions): Promise<number>
}

const names: Names<BlobStoreOptions> = { blobs: true, name: true, clock: true }

/** The store over any blobs. */
export function openBlobStore(options: BlobStoreOptions): BlobStore {
  assertKnown('`createBlobStore`', options, names)
  const { blobs, name = 'blobs', clock = systemClock } = options
  if (typeof blobs !== 'object' || blobs === null) throw new TypeError('`blobs` is missing.')
  const capabilities: ArtifactCapability[] = [
    ...(blobs.writeNew === undefined ? [] : ['if-absent' as const]),
    ...(blobs.readPart === undefined ? [] : ['range' as const]),
    ...(blobs.sign === undefined ? [] : ['sign-url' as const]),
  ]

  async function* list(listOptions: ListOptions): AsyncGenerator<ArtifactStat> {
    const { prefix: begin, after, limit, signal } = checkListOptions(listOptions)
    const prefix = toDescriptionPrefix(begin)
    const afterName = after === '' ? undefined : toDescriptionName(after)
    let left = limit
    const found = blobs.list({ prefix, after: afterName, signal })[Symbol.asyncIterator]()
    let isWaiting = false
    try {
      while (left > 0) {
        isWaiting = true
        const step = await call(signal, async () => found.next())
        isWaiting = false
        if (step.done === true) break
        const key = toKey(step.value)
        const object = key && (await call(signal, () => findObject(blobs, key, signal)))
        if (object === null) continue
        left -= 1
        yield object.stat
      }
    } finally {
      const closing = found.return?.()
      // One that still waits for its storage would hold a caller who aborted.
      if (isWaiting) closing?.catch(() => {})
      else await closing
    }
    signal?.throwIfAborted()
  }

  return {
    capabilities,
    // Not given up on an abort: whoever is told that a put is over must find it so.
    put: checkedPut(name, (key, source, checked) =>
      passing(checked.signal, () => putObject({ blobs, clock, key, source, options: checked })),
    ),
    get: async (key, getOptions = {}) => {
      parseArtifactKey(key)
      const { signal } = getOptions
      return call(signal, async () => {
        const found = await openObject(blobs, key, getOptions)
        return found && { stat: found.stat, body: destroyOnAbort(found.body, signal) }
      })
    },
    stat: async (key, { signal } = {}) => {
      parseArtifactKey(key)
      return call(signal, async () => (await findObject(blobs, key, signal))?.stat ?? null)
    },
    remove: async (key, { signal } = {}) => {
      parseArtifactKey(key)
      return call(signal, async () => {
        const found = await findObject(blobs, key, signal)
        if (found === null) return false
        await blobs.remove(toDescriptionName(key), { signal })
        await removeQuietly(blobs, found.bytes)
        return true
      })
    },
    list: (listOptions = {}) => list(listOptions),
    ...(blobs.sign !== undefined && {
      signUrl: async (key, signOptions) => {
        parseArtifactKey(key)
        if (!(signOptions.expiresInMs >= 1000)) {
          throw new RangeError('`expiresInMs` must be a second or more.')
        }
        return call(signOptions.signal, async () => {
          const found = await findObject(blobs, key, signOptions.signal)
          // Of nothing an address, too: one that answers with 404, as on every storage that does not look.
          return blobs.sign?.(found?.bytes ?? toBytesName(0, 'none'), signOptions) ?? ''
        })
      },
    }),
    removeStale: async ({ olderThanMs, signal }) => {
      checkAge(olderThanMs)
      return call(signal, () => removeStale(blobs, clock.now() - olderThanMs, signal))
    },
  }
}

async function call<Result>(
  signal: AbortSignal | undefined,
  body: () => Promise<Result>,
): Promise<Result> {
  signal?.throwIfAborted()
  return passing(signal, () => untilAbort(signal, body))
}

/** Wraps what the storage throws; our own errors, abort reasons and mistakes pass. */
async function passing<Result>(
  signal: AbortSignal | undefined,
  body: () => Promise<Result>,
): Promise<Result> {
  try {
    return await body()
  } catch (error) {
    signal?.throwIfAborted()
    if (ArtifactError.is(error) || isMistake(error)) throw error
    throw new ArtifactError('storage_failed', 'The storage failed.', { cause: error })
  }
}

/** A network that fails is a TypeError of `fetch`, too, and has a cause. */
function isMistake(error: unknown): boolean {
  const isOne = error instanceof TypeError || error instanceof RangeError
  return isOne && error.cause === undefined
}
