import type { Bucket } from '@google-cloud/storage'

import type { Clock } from '../clock.js'
import { resolveRange } from '../store/byte-range.js'
import type { ArtifactKey } from '../store/key.js'
import type { ByteRange, StoredArtifact } from '../store/store.js'
import { openDownload } from './download.js'
import { isNotFound } from './errors.js'
import { findObject } from './find-object.js'
import { requireStat, type ObjectNames } from './object.js'

/** Where an object is read. */
export interface GcsRead {
  readonly bucket: Bucket
  readonly clock: Clock
  readonly names: ObjectNames
  readonly key: ArtifactKey
  readonly range: ByteRange | undefined
}

/** An object may be replaced between what is said of it and its bytes. */
const maxAttempts = 5

/** Opens the bytes of the very version that the stat is of. */
export async function readObject(read: GcsRead): Promise<StoredArtifact | null> {
  const { bucket, clock, names, key, range } = read
  for (let attempt = 1; ; attempt += 1) {
    const found = await findObject(bucket, names, key)
    if (found === null) return null
    const stat = requireStat(found, key)
    const { generation } = found
    const part = range === undefined ? null : resolveRange(range, stat.sizeBytes)
    try {
      const name = names.name(key)
      const body = await openDownload({ bucket, clock, name, generation, stat, part })
      return { stat, body }
    } catch (error) {
      if (!isNotFound(error) || attempt === maxAttempts) throw error
    }
  }
}
