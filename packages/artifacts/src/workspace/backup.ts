import { randomBytes } from 'node:crypto'
import { join } from 'node:path'

import { findAgentDirectory } from '../directory/agent-directory.js'
import { systemClock, type Clock } from '../clock.js'
import { ArtifactError } from '../errors.js'
import type { ArtifactStore, StoreCallOptions } from '../store/store.js'
import { readLatest, hasBackup } from './list-backups.js'
import { toBackupKeys, type Manifest } from './manifest.js'
import { isRestoring } from './restoring-mark.js'
import type { SkippedInWorkspace } from './walk.js'
import { startTaking } from './take-backup.js'

/** Options of {@link backupWorkspace}. */
export interface BackupOptions extends StoreCallOptions {
  /** Where backups go. */
  readonly store: ArtifactStore
  /** The workspace on this machine. Its own last part may not be a link. */
  readonly directory: string
  /** Whose workspace it is, such as a conversation's id. Backups of one name build upon each other. */
  readonly name: string | number | bigint
  /** What is left out, in the language of `.gitignore`. Default: {@link defaultIgnored}. */
  readonly ignore?: readonly string[] | undefined
  /** Where its time comes from. Default: the machine's clock. */
  readonly clock?: Pick<Clock, 'now'> | undefined
}

/** What became of a backup. */
export interface BackupReport {
  /** Its id, for a row of the host's. */
  readonly id: string
  /** Files in it, and their bytes. */
  readonly files: number
  readonly bytes: number
  /** Bytes that this backup had to store; the others were in earlier ones. */
  readonly newBytes: number
  /** Whether nothing changed while it was taken: then it is the workspace of one moment. */
  readonly isConsistent: boolean
  /** What is not in it, and why; ignored paths are not listed. */
  readonly skipped: readonly { readonly path: string; readonly reason: SkippedInWorkspace }[]
}

/**
 * Stores a workspace: an archive (tar) of what no earlier backup holds, and last a manifest, with which the backup exists. What changes while
 * it is taken is taken again. Rejects with `unsafe_path` for a directory that is a link, with `storage_failed` where it cannot be read or
 * a restore of it was not finished, and with what the store says; nothing half-made is ever restored.
 */
export async function backupWorkspace(options: BackupOptions): Promise<BackupReport> {
  const { store, name, signal, clock = systemClock } = options
  signal?.throwIfAborted()
  const root = await rootOf(options)
  const previous = await readLatest(store, name, signal)
  // A machine whose clock is behind must not take a backup that is older than the last.
  const takenAt = Math.max(clock.now(), (previous?.takenAt ?? 0) + 1)
  const id = `${String(takenAt).padStart(15, '0')}-${randomBytes(6).toString('hex')}`
  const keys = toBackupKeys(name, id)
  const taking = startTaking(root, options, previous, keys.pack)
  const stat = await store.put(keys.pack, taking.archive(), {
    contentType: 'application/x-tar',
    signal,
  })
  const manifest: Manifest = { version: 1, id, takenAt, ...taking.result() }
  const isPackNeeded = manifest.packs.includes(keys.pack)
  if (!isPackNeeded) await store.remove(keys.pack, { signal })
  await store.put(keys.manifest, Buffer.from(JSON.stringify(manifest)), {
    contentType: 'application/json',
    signal,
  })
  const files = manifest.entries.filter((entry) => entry.kind === 'file')
  return {
    id,
    files: files.length,
    bytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    newBytes: isPackNeeded ? stat.sizeBytes : 0,
    isConsistent: manifest.isConsistent,
    skipped: [...taking.skipped()].map(([path, reason]) => ({ path, reason })),
  }
}

async function rootOf({ store, name, directory }: BackupOptions): Promise<string> {
  const found = await findAgentDirectory(directory)
  if (found.state === 'present') {
    const root = { at: (entry: string) => join(found.root, entry) }
    if (!(await isRestoring(root, (id) => hasBackup(store, name, id)))) return found.root
    const message = 'A restore of this directory was not finished: run it again.'
    throw new ArtifactError('storage_failed', message)
  }
  throw found.state === 'unsafe'
    ? new ArtifactError('unsafe_path', 'The workspace is a link, or no directory.')
    : new ArtifactError('storage_failed', 'This machine does not show the workspace.')
}
