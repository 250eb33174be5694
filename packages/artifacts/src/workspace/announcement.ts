import { buffer } from 'node:stream/consumers'

import { isArtifactKey, type ArtifactKey } from '../store/key.js'
import type { ArtifactStore } from '../store/store.js'
import { toBackupKeys, type Manifest } from './manifest.js'

type Name = string | number | bigint

/** Says that a backup is being taken and which archives it builds on, so that nobody removes them meanwhile. */
export async function announce(
  store: ArtifactStore,
  name: Name,
  id: string,
  { packs, signal }: Pick<Manifest, 'packs'> & { readonly signal: AbortSignal | undefined },
): Promise<void> {
  await store.put(toBackupKeys(name, id).announced, Buffer.from(JSON.stringify(packs)), {
    contentType: 'application/json',
    signal,
  })
}

/** The archives that it builds on; none when it is over. */
export async function readAnnouncement(
  store: ArtifactStore,
  name: Name,
  id: string,
  signal: AbortSignal | undefined,
): Promise<readonly ArtifactKey[]> {
  const found = await store.get(toBackupKeys(name, id).announced, { signal })
  if (found === null) return []
  const packs: unknown = JSON.parse((await buffer(found.body)).toString())
  return Array.isArray(packs) ? packs.filter(isArtifactKey) : []
}
