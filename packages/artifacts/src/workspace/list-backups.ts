import { ArtifactError } from '../errors.js'
import { readSource } from '../store/source.js'
import type { ArtifactStore, StoreCallOptions } from '../store/store.js'
import {
  isBackupId,
  parseBackupKey,
  parseManifest,
  takenAtOf,
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
      yield { id: found.id, takenAt: takenAtOf(found.id) }
    }
  }
}

/** Id of the newest backup; `null` when there is none. */
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
export const unlimited: ManifestLimits = { maxEntries: Infinity, maxBytes: Infinity }

/** Longer ones are neither written nor read: they are held in memory. */
export const maxManifestBytes = 268_435_456
/** No entry takes more: its path, and the target of a link, at their longest and in the longest spelling. */
const maxEntryBytes = 65_536

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
  const maxBytes = Math.min(maxManifestBytes, (limits.maxEntries + 1) * maxEntryBytes)
  const chunks: Uint8Array[] = []
  try {
    for await (const chunk of readSource(found.body, { maxBytes, signal })) chunks.push(chunk)
  } catch (error) {
    signal?.throwIfAborted()
    if (!ArtifactError.is(error) || error.code !== 'too_large') throw error
    throw new ArtifactError(
      'too_large',
      `The manifest of backup ${id} is too long; see \`limits\`.`,
    )
  }
  return parseManifest(Buffer.concat(chunks).toString(), limits)
}

/** Whether there is a backup of this id; it may be any text. */
export async function hasBackup(store: ArtifactStore, name: Name, id: string): Promise<boolean> {
  if (!isBackupId(id)) return false
  return (await store.stat(toBackupKeys(name, id).manifest)) !== null
}
