import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'

import { ArtifactError } from '../errors.js'
import { resolveRange } from '../store/byte-range.js'
import type { ArtifactKey } from '../store/key.js'
import type { ArtifactStat, GetOptions, StoredArtifact } from '../store/store.js'
import { findObject } from './find.js'
import type { Blobs } from './port.js'

/** An object may be replaced between its description and its bytes. */
const maxAttempts = 5

/** Opens the bytes that the description names. */
export async function openObject(
  blobs: Blobs,
  key: ArtifactKey,
  { range, signal }: GetOptions,
): Promise<StoredArtifact | null> {
  for (let attempt = 1; ; attempt += 1) {
    const found = await findObject(blobs, key, signal)
    if (found === null) return null
    const { stat, bytes } = found
    if (range === undefined) {
      const source = await blobs.read(bytes, { signal })
      if (source !== null) return { stat, body: toBody(checked(source, stat), source) }
    } else {
      if (blobs.readPart === undefined) {
        throw new ArtifactError('unsupported', 'This storage cannot read a range.')
      }
      const part = resolveRange(range, stat.sizeBytes)
      const source = await blobs.readPart(bytes, part, { signal })
      const sizeBytes = part.end - part.start + 1
      if (source !== null) return { stat, body: toBody(counted(source, sizeBytes, key), source) }
    }
    if (attempt === maxAttempts) {
      throw new ArtifactError('corrupt', `The bytes of artifact ${key} are gone.`)
    }
  }
}

function toBody(chunks: AsyncIterable<Uint8Array>, source: AsyncIterable<Uint8Array>): Readable {
  const body = Readable.from(chunks, { objectMode: false })
  body.once('close', () => {
    if (source instanceof Readable) source.destroy()
    // One that nobody began to read holds its connection.
    else if (source instanceof ReadableStream) source.cancel().catch(() => {})
  })
  return body
}

async function* checked(
  source: AsyncIterable<Uint8Array>,
  { key, sizeBytes, sha256 }: ArtifactStat,
): AsyncGenerator<Uint8Array> {
  const digest = createHash('sha256')
  for await (const chunk of counted(source, sizeBytes, key)) {
    digest.update(chunk)
    yield chunk
  }
  if (digest.digest('hex') === sha256) return
  throw new ArtifactError('corrupt', `The bytes of artifact ${key} are not those that were stored.`)
}

/** A connection that breaks off can look like an end. */
async function* counted(
  source: AsyncIterable<Uint8Array>,
  sizeBytes: number,
  key: ArtifactKey,
): AsyncGenerator<Uint8Array> {
  let left = sizeBytes
  try {
    for await (const chunk of source) {
      left -= chunk.byteLength
      yield chunk
    }
  } catch (error) {
    throw new ArtifactError('storage_failed', `Reading ${key} broke off.`, { cause: error })
  }
  if (left === 0) return
  const message = `The storage gave ${sizeBytes - left} of ${sizeBytes} bytes of ${key}.`
  throw new ArtifactError('storage_failed', message)
}
