import { randomUUID } from 'node:crypto'

import { untilAbort } from '../abort.js'
import type { ArtifactCatalog } from '../catalog/catalog.js'
import { toSafeContentType } from '../content-type.js'
import { ArtifactError } from '../errors.js'
import { toFileName } from '../file-name.js'
import { parseArtifactKey, type ArtifactKey } from '../store/key.js'
import { closeSource } from '../store/source.js'
import type { ArtifactSource, ArtifactStore, StoreCallOptions } from '../store/store.js'
import { headBytes, looksLike } from './sniff.js'
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

/** Stores one file of a user's, whole or not at all. A file that was cut is a failure. */
export async function receiveUpload(target: UploadTarget, file: IncomingFile): Promise<Upload> {
  const { store, catalog, maxFileBytes = defaultMaxFileBytes } = target
  const { source, signal } = file
  try {
    const key = parseArtifactKey(target.key?.() ?? `uploads/${randomUUID()}`)
    const originalName = file.originalName.slice(0, notMoreBytes)
    const name = toFileName(originalName.split(/[/\\]/).at(-1) ?? '')
    const named = toSafeContentType(name)
    const removing = (await catalog?.announce([key])) ?? []
    if (removing.length > 0) {
      throw new ArtifactError('storage_failed', `A sweep is removing ${key}; try again.`)
    }
    const { head, whole } = await readHead(file)
    const contentType = looksLike(named, head) ? named : 'application/octet-stream'
    const stat = await store.put(key, whole, {
      contentType,
      ifAbsent: store.capabilities.includes('if-absent'),
      maxBytes: maxFileBytes,
      metadata: { name, source: 'upload' },
      signal,
    })
    const { sizeBytes, sha256, storedAt } = stat
    return { key, name, originalName, contentType, sizeBytes, sha256, storedAt }
  } catch (error) {
    closeSource(source)
    throw unwrapped(error)
  }
}

/** The first bytes say what a file is, and have to be known before it is stored. */
async function readHead({ source, isCut, signal }: IncomingFile): Promise<{
  readonly head: Uint8Array
  readonly whole: AsyncIterable<Uint8Array>
}> {
  const chunks = iterate(source)
  const first: Uint8Array[] = []
  let length = 0
  let isDone = false
  while (length < headBytes && !isDone) {
    const step = await untilAbort(signal, () => chunks.next())
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
        const step = isDone ? { done: true as const } : await chunks.next()
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
