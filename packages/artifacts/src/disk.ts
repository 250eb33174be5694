/**
 * Artifacts in a folder of this machine, or of one that is mounted.
 *
 * ```ts
 * const store = createDiskStore({ root: '/var/lib/app/artifacts' })
 * ```
 */
import { nodeMedium } from './disk/medium.js'
import { openDiskStore, type DiskStore, type DiskStoreOptions } from './disk/disk-store.js'

export type { DiskStore, DiskStoreOptions, RemoveStaleOptions } from './disk/disk-store.js'
export type { DiskMedium } from './disk/medium.js'

/**
 * Keeps every object in one file below `root`, description included, written beside its target and renamed when it is
 * whole and on the disk. Several processes may share a root. File systems without hard links (exFAT, buckets mounted as
 * folders) will do; `medium()` says what this one can do.
 *
 * @throws TypeError for a `root` that is no path.
 * @example
 * const store = createDiskStore({ root: '/var/lib/app/artifacts' })
 * await store.put(parseArtifactKey('uploads/42'), Buffer.from('hello'), { ifAbsent: true })
 */
export function createDiskStore(options: DiskStoreOptions): DiskStore {
  return openDiskStore(options, nodeMedium)
}
