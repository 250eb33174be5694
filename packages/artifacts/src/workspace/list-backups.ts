import { buffer } from 'node:stream/consumers'

import { parseArtifactKey } from '../store/key.js'
import type { ArtifactStore, StoreCallOptions } from '../store/store.js'
import {
  isBackupId,
  parseBackupKey,
  parseManifest,
  toBackupKeys,
  toBackupPrefix,
  type Manifest,
  type ManifestLimits,
} from './manifest.js'

/** A backup that there is. */
export interface Backup {
  readonly id: string
  /** When it was taken, in milliseconds since the Unix epoch. */
  readonly takenAt: number
}

type Name = string | number | bigint

/** The backups of a workspace, the oldest first. */
export async function* listBackups(
  store: ArtifactStore,
  name: Name,
  { signal }: StoreCallOptions = {},
): AsyncGenerator<Backup> {
  for await (const { key } of store.list({ prefix: toBackupPrefix(name), signal })) {
    const found = parseBackupKey(key)
    if (found?.part === 'manifest') {
      yield { id: found.id, takenAt: Number(found.id.split('-')[0]) }
    }
  }
}

/** Options of {@link pruneBackups}. */
export interface PruneBackupsOptions extends StoreCallOptions {
  readonly store: ArtifactStore
  readonly name: Name
  /** How many of the newest to keep, 1 or more. */
  readonly keep: number
}

/**
 * Removes older backups, and archives that none of those that stay needs; returns how many objects. Not while two backups of this
 * workspace are being taken.
 */
export async function pruneBackups(options: PruneBackupsOptions): Promise<number> {
  const { store, name, keep, signal } = options
  if (!(Number.isSafeInteger(keep) && keep > 0)) {
    throw new RangeError('`keep` must be a whole number above 0.')
  }
  const ids: string[] = []
  for await (const { id } of listBackups(store, name, { signal })) ids.push(id)
  const kept = new Set(ids.slice(-keep))
  const newest = ids.at(-1) ?? ''
  const needed = new Set<string>()
  for (const id of kept) {
    const manifest = await readManifest(store, name, id, unlimited, signal)
    for (const pack of manifest?.packs ?? []) needed.add(pack)
    needed.add(toBackupKeys(name, id).manifest)
  }
  const gone: string[] = []
  for await (const { key } of store.list({ prefix: toBackupPrefix(name), signal })) {
    const found = parseBackupKey(key)
    // A later archive is of a backup that is being taken, or was killed; the next one tells.
    if (found !== null && found.id <= newest && !needed.has(key)) gone.push(key)
  }
  // Manifests first: without one its archives are nothing.
  for (const key of gone.sort()) await store.remove(parseArtifactKey(key), { signal })
  return gone.length
}

/** The newest backup; `null` when there is none. */
export async function readLatest(
  store: ArtifactStore,
  name: Name,
  signal: AbortSignal | undefined,
): Promise<Manifest | null> {
  const id = await newestId(store, name, signal)
  return id === null ? null : readManifest(store, name, id, unlimited, signal)
}

export async function newestId(
  store: ArtifactStore,
  name: Name,
  signal: AbortSignal | undefined,
): Promise<string | null> {
  let last: string | null = null
  for await (const { id } of listBackups(store, name, { signal })) last = id
  return last
}

/** What this host took itself is not refused for its size. */
const unlimited: ManifestLimits = { maxEntries: Infinity, maxBytes: Infinity }

/** One backup; `null` when there is none of this id. */
export async function readManifest(
  store: ArtifactStore,
  name: Name,
  id: string,
  limits: ManifestLimits,
  signal: AbortSignal | undefined,
): Promise<Manifest | null> {
  const found = await store.get(toBackupKeys(name, id).manifest, { signal })
  if (found === null) return null
  return parseManifest((await buffer(found.body)).toString(), limits)
}

/** Whether there is a backup of this id; it may be any text. */
export async function hasBackup(store: ArtifactStore, name: Name, id: string): Promise<boolean> {
  if (!isBackupId(id)) return false
  return (await store.stat(toBackupKeys(name, id).manifest)) !== null
}
