import type { Bucket, FileMetadata } from '@google-cloud/storage'
import { createHash, randomUUID } from 'node:crypto'
import { pipeline } from 'node:stream/promises'

import { ArtifactError } from '../errors.js'
import type { ArtifactKey } from '../store/key.js'
import type { CheckedPut } from '../store/put-options.js'
import { readSource } from '../store/source.js'
import type { ArtifactSource, ArtifactStat } from '../store/store.js'
import { createCrc32c } from './crc32c.js'
import { isStale } from './errors.js'
import { findObject } from './find-object.js'
import { requireStat, toNotes, toStoredObject, type ObjectNames } from './object.js'

/** One object to be written. */
export interface GcsWrite {
  readonly bucket: Bucket
  readonly names: ObjectNames
  readonly key: ArtifactKey
  readonly source: ArtifactSource
  readonly options: CheckedPut
  readonly chunkBytes: number
}

/** Puts the bytes in place of this generation, `0` for none, and gives what the bucket then says of them. */
type Commit = (generation: string) => Promise<FileMetadata>

/** Other writers may come in between so often. */
const maxAttempts = 32
/** To cancel an upload is a courtesy: the bucket forgets it after a week. */
const cancelMs = 10_000

/** The digest is part of the object's notes, and those are sent before its bytes: short ones wait in memory, long ones in the bucket. */
export async function writeObject(write: GcsWrite): Promise<ArtifactStat> {
  const { maxBytes, signal } = write.options
  const chunks = readSource(write.source, { maxBytes, signal })
  try {
    const first: Uint8Array[] = []
    let sizeBytes = 0
    while (sizeBytes <= write.chunkBytes) {
      const step = await chunks.next()
      if (step.done === true) return await writeShort(write, Buffer.concat(first))
      // A source may use its buffer again.
      first.push(Buffer.from(step.value))
      sizeBytes += step.value.byteLength
    }
    return await writeLong(write, first, chunks)
  } finally {
    await chunks.return()
  }
}

async function writeShort(write: GcsWrite, bytes: Buffer): Promise<ArtifactStat> {
  const { bucket, names, key, options } = write
  const crc = createCrc32c()
  crc.update(bytes)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const putId = randomUUID()
  options.signal?.throwIfAborted()
  return commitPut(write, putId, async (generation) => {
    const file = bucket.file(names.name(key))
    await file.save(bytes, {
      resumable: false,
      validation: false,
      preconditionOpts: { ifGenerationMatch: generation },
      metadata: {
        contentType: options.contentType,
        // With this the bucket itself refuses bytes that changed on their way.
        crc32c: crc.toBase64(),
        metadata: toNotes({ sha256, putId, metadata: options.metadata }),
      },
    })
    return file.metadata
  })
}

async function writeLong(
  write: GcsWrite,
  first: Uint8Array[],
  rest: AsyncIterable<Uint8Array>,
): Promise<ArtifactStat> {
  const { bucket, names, key, options, chunkBytes } = write
  const { contentType, signal } = options
  if (options.ifAbsent && (await findObject(bucket, names, key)) !== null) throw taken(key)
  const putId = randomUUID()
  const upload = bucket.file(names.uploads + putId)
  const digest = createHash('sha256')
  const crc = createCrc32c()
  const seen = (chunk: Uint8Array): void => {
    digest.update(chunk)
    crc.update(chunk)
  }
  let session: string | null = null
  let isOver = false
  const writable = upload.createWriteStream({
    resumable: true,
    chunkSize: chunkBytes,
    // Checked here instead.
    validation: false,
    preconditionOpts: { ifGenerationMatch: 0 },
    metadata: { contentType },
  })
  // It may come after the end: the bucket was slow to open what nobody wants any more.
  writable.once('uri', (uri: string) => {
    session = uri
    if (isOver) void cancelUpload(uri)
  })
  let isWhole = false
  try {
    await pipeline(watched(first, rest, seen), writable, signal === undefined ? {} : { signal })
    isWhole = true
    if (upload.metadata.crc32c !== crc.toBase64()) throw changedOnItsWay(key)
    signal?.throwIfAborted()
    const sha256 = digest.digest('hex')
    const metadata = toNotes({ sha256, putId, metadata: options.metadata })
    return await commitPut(write, putId, async (generation) => {
      const preconditionOpts = { ifGenerationMatch: generation }
      const target = bucket.file(names.name(key))
      const [, answer] = await upload.copy(target, { contentType, metadata, preconditionOpts })
      return toResource(answer)
    })
  } finally {
    isOver = true
    if (!isWhole && session !== null) await cancelUpload(session)
    // What is left after a failure is an object that `removeStale` finds later.
    await removeUpload(bucket, upload.name)
  }
}

/**
 * Every attempt names the generation that it replaces, so that the client may repeat a request whose answer was lost; what then
 * finds another generation may have found its own.
 */
async function commitPut(write: GcsWrite, putId: string, commit: Commit): Promise<ArtifactStat> {
  const { bucket, names, key, options } = write
  let current = options.ifAbsent ? null : await findObject(bucket, names, key)
  for (let attempt = 1; ; attempt += 1) {
    try {
      const stored = toStoredObject(key, await commit(current?.generation ?? '0'))
      return requireStat(stored, key)
    } catch (error) {
      if (!isStale(error)) throw error
      const found = await findObject(bucket, names, key)
      if (found?.putId === putId) return requireStat(found, key)
      if (options.ifAbsent && found !== null) throw taken(key, error)
      if (attempt === maxAttempts) throw error
      options.signal?.throwIfAborted()
      current = found
    }
  }
}

async function* watched(
  first: Uint8Array[],
  rest: AsyncIterable<Uint8Array>,
  see: (chunk: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  for (let chunk = first.shift(); chunk !== undefined; chunk = first.shift()) {
    see(chunk)
    yield chunk
  }
  for await (const chunk of rest) {
    see(chunk)
    yield Buffer.from(chunk)
  }
}

async function removeUpload(bucket: Bucket, name: string): Promise<void> {
  const [{ generation }] = await bucket
    .file(name)
    .getMetadata()
    .catch(() => [{ generation: undefined }])
  if (generation === undefined) return
  const preconditionOpts = { ifGenerationMatch: generation }
  const file = bucket.file(name, { preconditionOpts })
  await file.delete().catch(() => {})
}

async function cancelUpload(session: string): Promise<void> {
  const signal = AbortSignal.timeout(cancelMs)
  const answer = await fetch(session, { method: 'DELETE', signal }).catch(() => null)
  await answer?.body?.cancel()
}

function toResource(answer: unknown): FileMetadata {
  const { resource } = answer as { readonly resource?: FileMetadata }
  if (resource === undefined) throw new Error('The bucket did not say what it stored.')
  return resource
}

function changedOnItsWay(key: ArtifactKey): ArtifactError {
  return new ArtifactError(
    'storage_failed',
    `The bytes of ${key} changed on their way to the bucket.`,
  )
}

function taken(key: ArtifactKey, cause?: unknown): ArtifactError {
  const details = cause === undefined ? {} : { cause }
  return new ArtifactError('already_exists', `There is already an artifact ${key}.`, details)
}
