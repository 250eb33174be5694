import { ArtifactError } from '../errors.js'
import type { ArtifactStore } from '../store/store.js'
import { readManifest, unlimited } from './list-backups.js'
import type { Manifest } from './manifest.js'

/**
 * The backup that the next one may build on; `null` when it is gone or damaged. One damaged backup must not keep all later ones from
 * being taken.
 */
export async function readBase(
  store: ArtifactStore,
  name: string | number | bigint,
  id: string,
  signal: AbortSignal | undefined,
): Promise<Manifest | null> {
  try {
    return await readManifest(store, name, id, unlimited, signal)
  } catch (error) {
    if (ArtifactError.is(error) && error.code === 'corrupt') return null
    throw error
  }
}

/** Whether the store still holds every archive of a backup, as long as it has to be: what builds on one that is lost is lost with it. */
export async function holdsArchives(
  store: ArtifactStore,
  { packs, entries }: Manifest,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const ends = packs.map(() => 0)
  for (const entry of entries) {
    if (entry.kind !== 'file') continue
    ends[entry.pack] = Math.max(ends[entry.pack] ?? 0, entry.offset + entry.sizeBytes)
  }
  for (const [index, pack] of packs.entries()) {
    const stat = await store.stat(pack, { signal })
    if (stat === null || stat.sizeBytes < (ends[index] ?? 0)) return false
  }
  return true
}
