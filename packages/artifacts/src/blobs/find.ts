import type { ArtifactKey } from '../store/key.js'
import { readDescription, type Description } from './description.js'
import { toDescriptionName } from './names.js'
import type { Blobs } from './port.js'

/** What is kept under an object's name; `null` when there is none. */
export async function findObject(
  blobs: Blobs,
  key: ArtifactKey,
  signal?: AbortSignal,
): Promise<Description | null> {
  const source = await blobs.read(toDescriptionName(key), { signal })
  return source === null ? null : readDescription(key, source)
}

/** What is left of it is found by `removeStale`. */
export async function removeQuietly(blobs: Blobs, bytes: string): Promise<void> {
  try {
    await blobs.remove(bytes, {})
  } catch {}
}
