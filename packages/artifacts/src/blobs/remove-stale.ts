import { findObject } from './find.js'
import { bytesFolder, cameAt, toDescriptionPrefix, toKey } from './names.js'
import type { Blobs } from './port.js'

/** Removes bytes that came before this moment and that no description names. */
export async function removeStale(
  blobs: Blobs,
  before: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  const stale = new Set<string>()
  for await (const name of blobs.list({ prefix: bytesFolder, signal })) {
    if (cameAt(name) <= before) stale.add(name)
  }
  if (stale.size === 0) return 0
  // After the bytes, so that what was described meanwhile stays.
  for await (const name of blobs.list({ prefix: toDescriptionPrefix(''), signal })) {
    const key = toKey(name)
    const found = key === null ? null : await findObject(blobs, key, signal)
    if (found !== null) stale.delete(found.bytes)
  }
  for (const name of stale) await blobs.remove(name, { signal })
  return stale.size
}
