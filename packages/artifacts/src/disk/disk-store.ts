import { mkdir, realpath, unlink } from 'node:fs/promises'
import { resolve } from 'node:path'

import { destroyOnAbort } from '../abort.js'
import { systemClock, type Clock } from '../clock.js'
import { removeTemporaries, walkKeys } from './list.js'
import { assertContained, toObjectPath } from './paths.js'
import { errorCode, isMissing } from '../system-error.js'
import { closingOnError, openBody, openObject, readStat, refuseTaken } from './read.js'
import { readDescription } from './record.js'
import { probeMedium, type DiskMedium, type MediumCalls } from './medium.js'
import { pruneEmpty, syncDirectory, writeObject } from './write.js'
import { ArtifactError } from '../errors.js'
import { checkedPut } from '../store/checked-put.js'
import { parseArtifactKey, type ArtifactKey } from '../store/key.js'
import { checkAge, checkListOptions } from '../store/list-options.js'
import type { CheckedPut } from '../store/put-options.js'
import type {
  ArtifactSource,
  ArtifactStat,
  ArtifactStore,
  ListOptions,
  StoreCallOptions,
} from '../store/store.js'
import { assertKnown, type Names } from '../known-options.js'

/** Options of `createDiskStore`. */
export interface DiskStoreOptions {
  /** Folder that only the store writes to; made when missing. It must not be inside an agent's directory. */
  readonly root: string
  /** Where `storedAt` comes from. Default: the machine's clock. */
  readonly clock?: Pick<Clock, 'now'>
}

/** Options of {@link DiskStore.removeStale}. */
export interface RemoveStaleOptions extends StoreCallOptions {
  /** Only files untouched for this long, in milliseconds; longer than any upload pauses. */
  readonly olderThanMs: number
}

/** A store on a local file system. */
export interface DiskStore extends ArtifactStore {
  /** Removes what writers left when their process was killed; returns how many files. */
  removeStale(options: RemoveStaleOptions): Promise<number>
  /**
   * What the file system under the root can do; makes the root when it is missing. It is tried out once for each store, here or at the
   * first `put` with `ifAbsent`.
   */
  medium(): Promise<DiskMedium>
}

const names: Names<DiskStoreOptions> = { root: true, clock: true }

/** The store, over a file system that a test may give its own gaps. */
export function openDiskStore(options: DiskStoreOptions, calls: MediumCalls): DiskStore {
  assertKnown('`createDiskStore`', options, names)
  if (typeof options.root !== 'string' || options.root === '') {
    throw new TypeError('`root` must be the path of a folder.')
  }
  const root = resolve(options.root)
  const clock = options.clock ?? systemClock
  let probing: Promise<DiskMedium> | null = null

  async function medium(): Promise<DiskMedium> {
    const tried = (probing ??= makeRoot(root).then((realRoot) => probeMedium(realRoot, calls)))
    try {
      return await tried
    } catch (error) {
      // A disk that is full or away says nothing of what it can do.
      if (probing === tried) probing = null
      throw error
    }
  }

  async function put(
    key: ArtifactKey,
    source: ArtifactSource,
    options: CheckedPut,
  ): Promise<ArtifactStat> {
    return guard(options.signal, async () => {
      const realRoot = await makeRoot(root)
      const path = toObjectPath(realRoot, key)
      if (options.ifAbsent) await refuseTaken(realRoot, path, key)
      const now = (): number => clock.now()
      return writeObject({ root: realRoot, key, path, source, options, now, calls, medium })
    })
  }

  return {
    capabilities: ['if-absent', 'range'],
    put: checkedPut('disk', put),
    get: async (key, { range, signal } = {}) =>
      call(key, signal, async (realRoot) => {
        const handle = await openObject(realRoot, toObjectPath(realRoot, key))
        if (handle === null) return null
        return closingOnError(handle, async () => {
          const stat = await readDescription(handle, key)
          const body = await openBody(handle, stat, range)
          return { stat, body: destroyOnAbort(body, signal) }
        })
      }),
    stat: async (key, { signal } = {}) =>
      call(key, signal, async (realRoot) => readStat(realRoot, toObjectPath(realRoot, key), key)),
    remove: async (key, { signal } = {}) =>
      (await call(key, signal, async (realRoot) => {
        const path = toObjectPath(realRoot, key)
        if (!(await assertContained(realRoot, path.directory))) return false
        if (!(await unlinkObject(path.file))) return false
        await syncDirectory(path.directory)
        await pruneEmpty(realRoot, path.directory)
        return true
      })) ?? false,
    list: (listOptions = {}) => list(root, listOptions),
    medium: () => guard(undefined, medium),
    removeStale: async ({ olderThanMs, signal }) => {
      checkAge(olderThanMs)
      signal?.throwIfAborted()
      return guard(signal, async () => removeTemporaries(root, clock.now() - olderThanMs, signal))
    },
  }

  /** What every call on one existing object shares; `null` while there is no root folder yet. */
  async function call<Result>(
    key: ArtifactKey,
    signal: AbortSignal | undefined,
    body: (realRoot: string) => Promise<Result>,
  ): Promise<Result | null> {
    signal?.throwIfAborted()
    parseArtifactKey(key)
    return guard(signal, async () => {
      const realRoot = await findRoot(root)
      return realRoot === null ? null : body(realRoot)
    })
  }
}

async function* list(root: string, options: ListOptions): AsyncGenerator<ArtifactStat> {
  const { prefix, after, limit, signal } = checkListOptions(options)
  let left = limit
  const realRoot = await guard(signal, async () => findRoot(root))
  if (realRoot === null || left === 0) return
  const keys = walkKeys(realRoot, { prefix, after, signal })
  for (;;) {
    const step = await guard(signal, async () => keys.next())
    if (step.done === true) break
    const key = step.value
    const path = toObjectPath(realRoot, key)
    const stat = await guard(signal, async () => readStat(realRoot, path, key))
    if (stat === null) continue
    yield stat
    left -= 1
    if (left <= 0) return
  }
  signal?.throwIfAborted()
}

async function makeRoot(root: string): Promise<string> {
  await mkdir(root, { recursive: true, mode: 0o700 })
  return realpath(root)
}

async function findRoot(root: string): Promise<string | null> {
  try {
    return await realpath(root)
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}

/** Wraps what the file system throws, once; our own errors, abort reasons and mistakes pass. */
async function guard<Result>(
  signal: AbortSignal | undefined,
  body: () => Promise<Result>,
): Promise<Result> {
  try {
    return await body()
  } catch (error) {
    if (errorCode(error) === undefined || ArtifactError.is(error)) throw error
    if (signal?.aborted === true && error === signal.reason) throw error
    const message = `The file system refused: ${errorCode(error)}.`
    throw new ArtifactError('storage_failed', message, { cause: error })
  }
}

async function unlinkObject(file: string): Promise<boolean> {
  try {
    await unlink(file)
    return true
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}
