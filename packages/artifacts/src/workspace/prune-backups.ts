import { systemClock, type Clock } from '../clock.js'
import { parseArtifactKey } from '../store/key.js'
import type { ArtifactStore, StoreCallOptions } from '../store/store.js'
import { readAnnouncement } from './announcement.js'
import { readManifest, unlimited } from './list-backups.js'
import { parseBackupKey, takenAtOf, toBackupKeys, toBackupPrefix } from './manifest.js'

/** Options of {@link pruneBackups}. */
export interface PruneBackupsOptions extends StoreCallOptions {
  readonly store: ArtifactStore
  readonly name: string | number | bigint
  /** How many of the newest to keep, 1 or more. */
  readonly keep: number
  /** How long a backup may take, in milliseconds: what an older one that was killed left is removed. Default: a day. */
  readonly longestBackupMs?: number | undefined
  /** Where its time comes from. Default: the machine's clock. */
  readonly clock?: Pick<Clock, 'now'> | undefined
}

/**
 * Removes older backups, and archives that neither those that stay need nor one that is being taken; returns how many objects. May run
 * while backups are taken, by this process or others, on a store that lists what was stored before the list was asked for.
 */
export async function pruneBackups(options: PruneBackupsOptions): Promise<number> {
  const { store, name, keep, signal, longestBackupMs = 86_400_000, clock = systemClock } = options
  if (!(Number.isSafeInteger(keep) && keep > 0)) {
    throw new RangeError('`keep` must be a whole number above 0.')
  }
  const first = await list(options)
  const manifests = [...first].filter(([, { part }]) => part === 'manifest')
  const old = manifests.slice(0, -keep).map(([key]) => key)
  // A backup that builds on one of these announced it before it looked whether that is there. So either it finds that it is gone
  // now, or its announcement is found here.
  for (const key of old) await store.remove(parseArtifactKey(key), { signal })
  const since = clock.now() - longestBackupMs
  const stale: string[] = []
  const needed = new Set<string>()
  for (const [key, { id, part }] of await list(options)) {
    if (part !== 'announced') continue
    if (takenAtOf(id) < since) stale.push(key)
    else {
      needed.add(toBackupKeys(name, id).pack)
      for (const pack of await readAnnouncement(store, name, id, signal)) needed.add(pack)
    }
  }
  // Or it went before it was found: then the backup is there by now.
  for (const { id, part } of (await list(options)).values()) {
    if (part !== 'manifest') continue
    const manifest = await readManifest(store, name, id, unlimited, signal)
    for (const pack of manifest?.packs ?? []) needed.add(pack)
  }
  // Only what the first list has: what came later may be of a backup that was announced later.
  const gone = [...first].filter(([key, { part }]) => part === 'pack' && !needed.has(key))
  const packs = gone.map(([key]) => key)
  for (const key of [...packs, ...stale]) await store.remove(parseArtifactKey(key), { signal })
  return old.length + packs.length + stale.length
}

type Listed = NonNullable<ReturnType<typeof parseBackupKey>>

/** In order of time. */
async function list(options: PruneBackupsOptions): Promise<Map<string, Listed>> {
  const { store, name, signal } = options
  const keys: string[] = []
  for await (const { key } of store.list({ prefix: toBackupPrefix(name), signal })) keys.push(key)
  const found = new Map<string, Listed>()
  for (const key of keys.sort()) {
    const parsed = parseBackupKey(key)
    if (parsed !== null) found.set(key, parsed)
  }
  return found
}
