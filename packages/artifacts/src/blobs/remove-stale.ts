import { ArtifactError } from '../errors.js'
import { maxDescriptionBytes } from './description.js'
import { findObject } from './find.js'
import { bytesFolder, bytesNames, cameAt, toDescriptionPrefix, toKey } from './names.js'
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
    if (key === null) continue
    try {
      const found = await findObject(blobs, key, signal)
      if (found !== null) stale.delete(found.bytes)
    } catch (error) {
      if (!ArtifactError.is(error) || error.code !== 'corrupt') throw error
      for (const bytes of await namedIn(blobs, name, signal)) stale.delete(bytes)
    }
  }
  for (const name of stale) await blobs.remove(name, { signal })
  return stale.size
}

/** A description that is damaged must not keep all others from being swept; bytes that it may have named stay for whoever mends it. */
async function namedIn(
  blobs: Blobs,
  name: string,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const source = await blobs.read(name, { signal })
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of source ?? []) {
    chunks.push(chunk)
    size += chunk.byteLength
    if (size > maxDescriptionBytes) break
  }
  return Buffer.concat(chunks).toString('latin1').match(bytesNames) ?? []
}
