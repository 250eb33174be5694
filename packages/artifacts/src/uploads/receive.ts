import { randomUUID } from 'node:crypto'

import { untilAbort } from '../abort.js'
import type { ArtifactCatalog } from '../catalog/catalog.js'
import { toSafeContentType } from '../content-type.js'
import { systemClock, type Clock } from '../clock.js'
import { ArtifactError } from '../errors.js'
import { toFileName } from '../file-name.js'
import { parseArtifactKey, type ArtifactKey } from '../store/key.js'
import { closeSource } from '../store/source.js'
import type { ArtifactSource, ArtifactStore, StoreCallOptions } from '../store/store.js'
import { headBytes, looksLike } from './sniff.js'
import { defaultStoreTimeoutMs, limitStore, type StoreLimit } from './store-limit.js'
import type { Upload } from './upload.js'

/** Where uploads go. */
export interface UploadTarget {
  /** The store. */
  readonly store: ArtifactStore
  /** Told of each key first, so that its sweep finds the bytes of a process that was killed. Default: none. */
  readonly catalog?: Pick<ArtifactCatalog, 'announce'> | undefined
  /** Most bytes of one file; one more fails with `too_large`, and nothing is stored. Default: 10 MiB. */
  readonly maxFileBytes?: number | undefined
  /** The key of a new upload. Default: `uploads/` and a random UUID. */
  readonly key?: (() => ArtifactKey) | undefined
  /**
   * Longest time in which the store or the catalog does nothing, in milliseconds, then the file fails with `storage_failed`; the pauses of
   * a slow sender do not count. Default: 300,000.
   */
  readonly storeTimeoutMs?: number | undefined
  /** Times the store. Default: the machine's clock. */
  readonly clock?: Clock | undefined
}

/** One file on its way in. */
export interface IncomingFile extends StoreCallOptions {
  readonly source: ArtifactSource
  /** The name that came with it. */
  readonly originalName: string
  /** Whether the source, at its end, was cut by a limit of somebody else's. */
  readonly isCut?: (() => boolean) | undefined
}

export const defaultMaxFileBytes = 10_485_760
const notMoreBytes = 1_024

/** Refuses with a RangeError what no file could meet. */
export function checkTarget({
  maxFileBytes = defaultMaxFileBytes,
  storeTimeoutMs = defaultStoreTimeoutMs,
}: UploadTarget): void {
  if (!(maxFileBytes >= 0)) throw new RangeError('`maxFileBytes` must be 0 or more.')
  if (!(storeTimeoutMs > 0)) throw new RangeError('`storeTimeoutMs` must be a number above 0.')
}

/** Stores one file of a user's, whole or not at all. A file that was cut is a failure. */
export async function receiveUpload(target: UploadTarget, file: IncomingFile): Promise<Upload> {
  const { store, catalog, maxFileBytes = defaultMaxFileBytes } = target
  checkTarget(target)
  const limit = openLimit(target, file.signal)
  const chunks = iterate(file.source)
  try {
    const key = parseArtifactKey(target.key?.() ?? `uploads/${randomUUID()}`)
    const originalName = toOriginalName(file.originalName)
    const name = toFileName(originalName.split(/[/\\]/).at(-1) ?? '')
    const named = toSafeContentType(name)
    const removing = await limit.during(async () => (await catalog?.announce([key])) ?? [])
    if (removing.length > 0) {
      throw new ArtifactError('storage_failed', `A sweep is removing ${key}; try again.`)
    }
    const { head, whole } = await readHead(chunks, file, limit)
    const contentType = looksLike(named, head) ? named : 'application/octet-stream'
    const stat = await limit.during(async () => {
      const stored = await store.put(key, whole, {
        contentType,
        ifAbsent: store.capabilities.includes('if-absent'),
        maxBytes: maxFileBytes,
        metadata: { name, source: 'upload' },
        signal: limit.signal,
      })
      // It came too late: nobody knows of it any more.
      if (limit.signal.aborted) await store.remove(key)
      return stored
    })
    const { sizeBytes, sha256, storedAt } = stat
    return { key, name, originalName, contentType, sizeBytes, sha256, storedAt }
  } catch (error) {
    closeSource(file.source)
    // Not awaited: one that is silent would hold the caller.
    chunks.return(undefined).catch(() => {})
    throw unwrapped(error)
  } finally {
    limit.end()
  }
}

/** Removes an upload, within the time that its store has. */
export async function removeUpload(target: UploadTarget, key: ArtifactKey): Promise<void> {
  const limit = openLimit(target, undefined)
  try {
    await limit.during(() => target.store.remove(key, { signal: limit.signal }))
  } finally {
    limit.end()
  }
}

function openLimit(target: UploadTarget, signal: AbortSignal | undefined): StoreLimit {
  const { clock = systemClock, storeTimeoutMs: ms = defaultStoreTimeoutMs } = target
  return limitStore({ clock, ms, signal })
}

/** Cut, and without what not every database takes: NUL, and half a character. */
function toOriginalName(text: string): string {
  return text
    .slice(0, notMoreBytes)
    .replace(/[\ud800-\udbff]$/, '')
    .replaceAll('\0', '\ufffd')
}

/** The first bytes say what a file is, and have to be known before it is stored. */
async function readHead(
  chunks: AsyncGenerator<Uint8Array>,
  { isCut }: IncomingFile,
  limit: StoreLimit,
): Promise<{
  readonly head: Uint8Array
  readonly whole: AsyncIterable<Uint8Array>
}> {
  const first: Uint8Array[] = []
  let length = 0
  let isDone = false
  while (length < headBytes && !isDone) {
    const step = await untilAbort(limit.signal, () => chunks.next())
    if (step.done === true) isDone = true
    else {
      first.push(Buffer.from(step.value))
      length += step.value.byteLength
    }
  }
  async function* whole(): AsyncGenerator<Uint8Array> {
    try {
      yield* first
      for (;;) {
        const step = isDone ? { done: true as const } : await limit.outside(() => chunks.next())
        if (step.done === true) break
        yield step.value
      }
    } finally {
      await chunks.return(undefined)
    }
    if (isCut?.() === true) throw new ArtifactError('too_large', 'The file was cut at its limit.')
  }
  return { head: Buffer.concat(first).subarray(0, headBytes), whole: whole() }
}

async function* iterate(source: ArtifactSource): AsyncGenerator<Uint8Array> {
  if (source instanceof Uint8Array) yield source
  else yield* source
}

/** A limit is no failure of the source. */
function unwrapped(error: unknown): unknown {
  if (!ArtifactError.is(error) || error.code !== 'source_failed') return error
  return ArtifactError.is(error.cause) ? error.cause : error
}
