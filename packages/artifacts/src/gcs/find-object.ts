import type { Bucket } from '@google-cloud/storage'

import type { ArtifactKey } from '../store/key.js'
import { isNotFound } from './errors.js'
import { toStoredObject, type ObjectNames, type StoredObject } from './object.js'

/** What the bucket says of an object; `null` when there is none. */
export async function findObject(
  bucket: Bucket,
  names: ObjectNames,
  key: ArtifactKey,
): Promise<StoredObject | null> {
  try {
    const [resource] = await bucket.file(names.name(key)).getMetadata()
    return toStoredObject(key, resource)
  } catch (error) {
    if (isNotFound(error)) return null
    throw error
  }
}
