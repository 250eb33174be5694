import { destroyOnAbort, untilAbort } from '../abort.js'
import { systemClock } from '../clock.js'
import type { GcsStore, GcsStoreOptions } from '../gcs.js'
import { parseArtifactKey, parseKeyPrefix, type ArtifactKey } from '../store/key.js'
import { checkListLimit, checkPutOptions } from '../store/put-options.js'
import { closeSource } from '../store/source.js'
import type { ArtifactSource, ArtifactStat, ListOptions, PutOptions } from '../store/store.js'
import { tracePut } from '../trace.js'
import { isNotFound, isStale, toStorageError } from './errors.js'
import { findObject } from './find-object.js'
import { createNames, requireStat, toStoredObject } from './object.js'
import { readObject } from './read-object.js'
import { writeObject } from './write-object.js'

const chunkUnit = 262_144
const pageSize = 1000
/** The service signs for seven days at most. */
const maxSignedMs = 604_800_000
const goodPrefix = /^(?:[\w=.-]+\/)*$/

/** The store, over the host's bucket. */
export function openGcsStore(options: GcsStoreOptions): GcsStore {
  const { bucket, prefix = '', chunkBytes = 8_388_608, clock = systemClock } = options
  if (typeof bucket !== 'object' || typeof bucket?.file !== 'function') {
    throw new TypeError('`bucket` must be a bucket of `@google-cloud/storage`.')
  }
  if (!goodPrefix.test(prefix)) {
    throw new TypeError('`prefix` must be folders of plain characters that end in `/`.')
  }
  if (!Number.isSafeInteger(chunkBytes) || chunkBytes < chunkUnit || chunkBytes % chunkUnit !== 0) {
    throw new RangeError('`chunkBytes` must be a multiple of 262,144.')
  }
  const names = createNames(prefix)

  /** Of what the bucket and the client throw, our words; the caller's own reasons and mistakes pass. */
  async function call<Result>(
    signal: AbortSignal | undefined,
    body: () => Promise<Result>,
  ): Promise<Result> {
    signal?.throwIfAborted()
    try {
      return await untilAbort(signal, body)
    } catch (error) {
      if (signal?.aborted === true && error === signal.reason) throw error
      throw toStorageError(error)
    }
  }

  async function put(
    key: ArtifactKey,
    source: ArtifactSource,
    putOptions: PutOptions,
  ): Promise<ArtifactStat> {
    parseArtifactKey(key)
    const options = checkPutOptions(putOptions)
    options.signal?.throwIfAborted()
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

  async function* list(listOptions: ListOptions): AsyncGenerator<ArtifactStat> {
    const { signal } = listOptions
    const begin = parseKeyPrefix(listOptions.prefix ?? '')
    const after = listOptions.after === undefined ? '' : parseArtifactKey(listOptions.after)
    let left = checkListLimit(listOptions)
    signal?.throwIfAborted()
    let pageToken: string | undefined
    while (left > 0) {
      const [files, next] = await call(signal, async () =>
        bucket.getFiles({
          prefix: prefix + begin,
          // Past uploads that are under way: a dot comes before every letter and digit.
          startOffset: prefix + (after === '' ? '0' : after),
          maxResults: Math.min(pageSize, left + 1),
          autoPaginate: false,
          ...(pageToken === undefined ? {} : { pageToken }),
        }),
      )
      for (const file of files) {
        const key = names.keyOf(file.name)
        if (key === null || key === after) continue
        const { stat } = toStoredObject(key, file.metadata)
        if (stat === null) continue
        if (left <= 0) return
        left -= 1
        signal?.throwIfAborted()
        yield stat
      }
      pageToken = nextToken(next)
      if (pageToken === undefined) break
    }
    signal?.throwIfAborted()
  }

  return {
    capabilities: ['if-absent', 'range', 'sign-url'],
    put: async (key, source, putOptions = {}) => {
      try {
        return await tracePut('gcs', () => put(key, source, putOptions))
      } catch (error) {
        closeSource(source)
        throw error
      }
    },
    get: async (key, { range, signal } = {}) => {
      parseArtifactKey(key)
      return call(signal, async () => {
        const found = await readObject({ bucket, clock, names, key, range })
        if (found === null) return null
        return { stat: found.stat, body: destroyOnAbort(found.body, signal) }
      })
    },
    stat: async (key, { signal } = {}) => {
      parseArtifactKey(key)
      return call(signal, async () => {
        const found = await findObject(bucket, names, key)
        return found === null ? null : requireStat(found, key)
      })
    },
    remove: async (key, { signal } = {}) => {
      parseArtifactKey(key)
      return call(signal, async () => remove(key))
    },
    list: (listOptions = {}) => list(listOptions),
    signUrl: async (key, signOptions) => {
      parseArtifactKey(key)
      const { expiresInMs, contentDisposition = 'attachment', contentType, signal } = signOptions
      if (!(expiresInMs >= 1000 && expiresInMs <= maxSignedMs)) {
        throw new RangeError('`expiresInMs` must be between a second and seven days.')
      }
      return call(signal, async () => {
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
      if (!(olderThanMs >= 0)) throw new RangeError('`olderThanMs` must be 0 or more.')
      return call(signal, async () => {
        const [files] = await bucket.getFiles({ prefix: names.uploads })
        let removed = 0
        for (const { name, metadata } of files) {
          if (!(Date.parse(metadata.timeCreated ?? '') <= clock.now() - olderThanMs)) continue
          signal?.throwIfAborted()
          const preconditionOpts = { ifGenerationMatch: metadata.generation ?? 0 }
          await bucket.file(name, { preconditionOpts }).delete({ ignoreNotFound: true })
          removed += 1
        }
        return removed
      })
    },
  }
}

function nextToken(query: unknown): string | undefined {
  const { pageToken } = (query ?? {}) as { readonly pageToken?: string }
  return pageToken
}
