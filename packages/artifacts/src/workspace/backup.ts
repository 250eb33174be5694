import { randomBytes } from 'node:crypto'
import { join } from 'node:path'

import { untilAbort } from '../abort.js'
import { findAgentDirectory } from '../directory/agent-directory.js'
import { systemClock, type Clock } from '../clock.js'
import { ArtifactError } from '../errors.js'
import type { ArtifactStore, StoreCallOptions } from '../store/store.js'
import { announce } from './announcement.js'
import { checkLimits, type BackupLimits } from './limits.js'
import { holdsArchives, readBase } from './base.js'
import { hasBackup, maxManifestBytes, newestId } from './list-backups.js'
import { takenAtOf, toBackupKeys, type Manifest } from './manifest.js'
import { isRestoring } from './restoring-mark.js'
import { errorCode } from '../system-error.js'
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
  /** Bounds, against an agent that fills the disk. What a restore with the same would refuse is not stored. */
  readonly limits?: BackupLimits | undefined
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
 * it is taken is taken again. Rejects with `unsafe_path` for a directory that is a link, with `too_large` for a workspace above `limits`,
 * with `storage_failed` where it cannot be read or a restore of it was not finished, and with what the store says; nothing half-made is
 * ever restored.
 */
export async function backupWorkspace(options: BackupOptions): Promise<BackupReport> {
  const { store, name, signal } = options
  signal?.throwIfAborted()
  checkLimits(options.limits)
  const root = await rootOf(options)
  const { id, previous } = await begin(options)
  const taken = await take(options, root, { id, previous }).catch(async (error: unknown) => {
    await dismiss(options, id)
    throw error
  })
  const { manifest, text, newBytes, skipped } = taken
  // Should this fail, it may still arrive: until it cannot any more, its archive stays announced.
  const { manifest: key } = toBackupKeys(name, id)
  await store.put(key, text, { contentType: 'application/json', signal })
  await dismiss(options, id)
  const files = manifest.entries.filter((entry) => entry.kind === 'file')
  return {
    id,
    files: files.length,
    bytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    newBytes,
    isConsistent: manifest.isConsistent,
    skipped: [...skipped].map(([path, reason]) => ({ path, reason })),
  }
}

interface Begun {
  readonly id: string
  /** What it builds on; `null` where nothing whole is there. */
  readonly previous: Manifest | null
}

/** Everything but the manifest. */
async function take(
  options: BackupOptions,
  root: string,
  { id, previous }: Begun,
): Promise<{
  readonly manifest: Manifest
  readonly text: Buffer
  readonly newBytes: number
  readonly skipped: ReadonlyMap<string, SkippedInWorkspace>
}> {
  const { store, name, signal } = options
  const { pack } = toBackupKeys(name, id)
  const taking = startTaking(root, options, previous, pack)
  const putting = store.put(pack, taking.archive(), { contentType: 'application/x-tar', signal })
  const { sizeBytes } = await putting.catch((error: unknown) => {
    throw toBackupError(error)
  })
  const manifest: Manifest = { version: 1, id, takenAt: takenAtOf(id), ...taking.result() }
  const text = Buffer.from(JSON.stringify(manifest))
  if (text.byteLength > maxManifestBytes) {
    throw new ArtifactError('too_large', 'The workspace has too many files for one backup.')
  }
  const isPackNeeded = manifest.packs.includes(pack)
  if (!isPackNeeded) await store.remove(pack, { signal })
  return { manifest, text, newBytes: isPackNeeded ? sizeBytes : 0, skipped: taking.skipped() }
}

/** The workspace is no source of the caller's: what its disk says is a failure of storage. */
function toBackupError(error: unknown): unknown {
  if (!ArtifactError.is(error) || error.code !== 'source_failed') return error
  const code = errorCode(error.cause)
  if (code === undefined) return error
  const message = `The file system of the workspace refused: ${code}.`
  return new ArtifactError('storage_failed', message, { cause: error.cause })
}

/** What it builds on, announced, and still there. */
async function begin({ store, name, signal, clock = systemClock }: BackupOptions): Promise<Begun> {
  for (;;) {
    const newest = await newestId(store, name, signal)
    const previous = newest === null ? null : await readBase(store, name, newest, signal)
    // A machine whose clock is behind must not take a backup that is older than the last.
    const takenAt = Math.max(clock.now(), newest === null ? 0 : takenAtOf(newest) + 1)
    const id = `${String(takenAt).padStart(15, '0')}-${randomBytes(6).toString('hex')}`
    await announce(store, name, id, { packs: previous?.packs ?? [], signal })
    if (previous === null) return { id, previous }
    if (await hasBackup(store, name, previous.id)) {
      return { id, previous: (await holdsArchives(store, previous, signal)) ? previous : null }
    }
    // It was pruned in between: there is a newer one.
    await dismiss({ store, name, signal }, id)
    signal?.throwIfAborted()
  }
}

/** Not worth a failure: what is announced without need is removed by a later prune. Nor is a store that is away waited for. */
async function dismiss(
  { store, name, signal }: Pick<BackupOptions, 'store' | 'name' | 'signal'>,
  id: string,
): Promise<void> {
  const remove = async (): Promise<unknown> => store.remove(toBackupKeys(name, id).announced)
  const removing = remove().catch(() => {})
  await untilAbort(signal, () => removing).catch(() => {})
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
