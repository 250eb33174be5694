import { createHash, randomUUID } from 'node:crypto'

import type { Clock } from '../clock.js'
import { ArtifactError } from '../errors.js'
import type { ArtifactKey } from '../store/key.js'
import type { CheckedPut } from '../store/put-options.js'
import { readSource } from '../store/source.js'
import type { ArtifactSource, ArtifactStat } from '../store/store.js'
import { encodeDescription, type Description } from './description.js'
import { findObject, removeQuietly } from './find.js'
import { toBytesName, toDescriptionName } from './names.js'
import type { Blobs } from './port.js'

/** One object to be written. */
export interface BlobPut {
  readonly blobs: Blobs
  readonly clock: Pick<Clock, 'now'>
  readonly key: ArtifactKey
  readonly source: ArtifactSource
  readonly options: CheckedPut
}

/** The bytes first: until the description is written nothing leads to them. */
export async function putObject(put: BlobPut): Promise<ArtifactStat> {
  const { blobs, clock, key } = put
  const { ifAbsent, contentType, metadata, signal } = put.options
  if (ifAbsent && blobs.writeNew === undefined) {
    throw new ArtifactError('unsupported', 'This storage cannot put only what is absent.')
  }
  const before = await findObject(blobs, key, signal)
  if (ifAbsent && before !== null) throw taken(key)
  const bytes = toBytesName(clock.now(), randomUUID())
  const reading = readThrough(put)
  let isDescribing = false
  try {
    await blobs.write(bytes, reading.chunks, { signal })
    signal?.throwIfAborted()
    const stat: ArtifactStat = {
      key,
      ...reading.found(),
      contentType,
      storedAt: clock.now(),
      metadata,
    }
    isDescribing = true
    await describe(blobs, key, { stat, bytes }, ifAbsent)
    if (before !== null) await removeQuietly(blobs, before.bytes)
    return stat
  } catch (error) {
    // A description whose answer was lost may still be written: then its bytes must be there. `removeStale` finds them otherwise.
    const isUndescribed =
      !isDescribing || (ArtifactError.is(error) && error.code === 'already_exists')
    if (isUndescribed) await removeQuietly(blobs, bytes)
    throw reading.failure() ?? error
  }
}

/** The chunks of the source, and what they turned out to be; the storage may hide why they ended. */
function readThrough({ source, options: { maxBytes, signal } }: BlobPut): {
  readonly chunks: AsyncIterable<Uint8Array>
  readonly found: () => Pick<ArtifactStat, 'sizeBytes' | 'sha256'>
  readonly failure: () => unknown
} {
  const digest = createHash('sha256')
  let sizeBytes = 0
  let failure: unknown
  async function* read(): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of readSource(source, { maxBytes, signal })) {
        digest.update(chunk)
        sizeBytes += chunk.byteLength
        // The source may use its buffer again.
        yield Buffer.from(chunk)
      }
    } catch (error) {
      failure = error
      throw error
    }
  }
  return {
    chunks: read(),
    found: () => ({ sizeBytes, sha256: digest.digest('hex') }),
    failure: () => failure,
  }
}

/** Not given up on an abort: whoever is told that a put is over must find it so. */
async function describe(
  blobs: Blobs,
  key: ArtifactKey,
  description: Description,
  ifAbsent: boolean,
): Promise<void> {
  const text = encodeDescription(description)
  const name = toDescriptionName(key)
  if (!ifAbsent || blobs.writeNew === undefined) return blobs.write(name, once(text), {})
  if (await blobs.writeNew(name, text, {})) return
  // A client that repeats a request whose answer was lost finds its own.
  const found = await findObject(blobs, key)
  if (found === null) {
    const message = `Another writer of artifact ${key} was in between; try again.`
    throw new ArtifactError('storage_failed', message)
  }
  if (found.bytes !== description.bytes) throw taken(key)
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

function taken(key: ArtifactKey): ArtifactError {
  return new ArtifactError('already_exists', `There is already an artifact ${key}.`)
}
