import { constants } from 'node:fs'
import { mkdir, open, readdir, symlink, unlink } from 'node:fs/promises'

import { findAgentDirectory } from '../directory/agent-directory.js'
import { Drop } from '../directory/drop-reason.js'
import { openFolder, type OpenFolder } from '../directory/open-folder.js'
import { removeWithin } from '../directory/remove-within.js'
import { ArtifactError } from '../errors.js'
import type { ArtifactStore, StoreCallOptions } from '../store/store.js'
import { errorCode } from '../system-error.js'
import { createFolders, type Folders } from './folders.js'
import { hasBackup, newestId, readManifest } from './list-backups.js'
import { isRestored } from './is-restored.js'
import type { Manifest } from './manifest.js'
import { hasBlankMark, isRestoring, markRestoring, restoringMark } from './restoring-mark.js'
import { writeFiles } from './write-files.js'

/** Options of {@link restoreWorkspace}. */
export interface RestoreOptions extends StoreCallOptions {
  /** Where the backups are. */
  readonly store: ArtifactStore
  /** Where to; made when missing. Its own last part may not be a link. */
  readonly directory: string
  /** Whose workspace it is. */
  readonly name: string | number | bigint
  /** Which backup. Default: the newest. */
  readonly id?: string | undefined
  /**
   * `empty` refuses a directory that holds something, unless it is this backup's files and nothing else, which a killed restore may have
   * finished; `replace` removes what it holds first. Default: `empty`.
   */
  readonly into?: 'empty' | 'replace' | undefined
  /** Bounds, against a backup that would fill the disk. */
  readonly limits?:
    | {
        /** Default: 1,000,000. */
        readonly maxEntries?: number | undefined
        /** Default: 10 GiB. */
        readonly maxBytes?: number | undefined
      }
    | undefined
}

/** What was restored. */
export interface RestoreReport {
  readonly id: string
  readonly files: number
  readonly bytes: number
}

/**
 * Writes a backup into a directory: `null` when there is none. Nothing of it is believed: paths, links, sizes and digests are checked, owners
 * are never taken over, and every write starts at an open folder and follows no link. A restore that fails or is killed leaves a
 * mark, with which `backupWorkspace` refuses and the next restore starts over; again after it was done, it does nothing. Rejects with `already_exists` for a directory
 * that is not empty, `corrupt`, `too_large`, `unsafe_path`, `storage_failed`.
 */
export async function restoreWorkspace(options: RestoreOptions): Promise<RestoreReport | null> {
  const { store, name, into = 'empty', signal } = options
  const { maxEntries = 1_000_000, maxBytes = 10_737_418_240 } = options.limits ?? {}
  signal?.throwIfAborted()
  const id = options.id ?? (await newestId(store, name, signal))
  if (id === null) return null
  const manifest = await readManifest(store, name, id, { maxEntries, maxBytes }, signal)
  if (manifest === null) return null
  const isBackup = (each: string): Promise<boolean> => hasBackup(store, name, each)
  const isDone = (at: string): Promise<boolean> => isRestored(at, manifest.entries, signal)
  const root = await prepare(options.directory, { into, id, isBackup, isDone })
  if (root !== null) await fill(root, options, manifest)
  const files = manifest.entries.filter((entry) => entry.kind === 'file')
  const bytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  return { id: manifest.id, files: files.length, bytes }
}

/** Writes everything into the empty directory, and takes the mark away. */
async function fill(root: OpenFolder, options: RestoreOptions, manifest: Manifest): Promise<void> {
  const folders = createFolders(root)
  try {
    await writeAll(options, manifest, folders)
    // Somebody may have taken its place: then it is not the host's directory that was restored.
    if (!(await root.isInside())) throw moved()
    await unlink(root.at(restoringMark))
  } catch (error) {
    options.signal?.throwIfAborted()
    throw toRestoreError(error)
  } finally {
    await folders.close()
    await root.close()
  }
}

async function writeAll(
  { store, signal }: RestoreOptions,
  { entries, packs }: Manifest,
  folders: Folders,
): Promise<void> {
  const inner = entries.filter((entry) => entry.kind === 'folder')
  for (const { path } of inner) await folders.use(path, (at) => mkdir(at, 0o700))
  for (const [number, pack] of packs.entries()) {
    signal?.throwIfAborted()
    const files = entries
      .filter((entry) => entry.kind === 'file')
      .filter((each) => each.pack === number)
    await writeFiles({ store, pack, files, folders, signal })
  }
  // After everything that is written by a path: nothing goes through them.
  for (const entry of entries) {
    if (entry.kind === 'link') await folders.use(entry.path, (at) => symlink(entry.target, at))
  }
  // The deepest first: a folder may forbid to enter it.
  for (const { path, mode } of inner.toReversed()) {
    await folders.use(path, (at) => setMode(at, mode))
  }
}

/** By an open folder: a link that is there by now would lead to something else. */
async function setMode(at: string, mode: number): Promise<void> {
  const { O_RDONLY, O_NOFOLLOW, O_DIRECTORY } = constants
  const handle = await open(at, O_RDONLY | O_NOFOLLOW | O_DIRECTORY)
  try {
    await handle.chmod(mode)
  } finally {
    await handle.close()
  }
}

interface Preparation {
  readonly into: 'empty' | 'replace'
  readonly id: string
  readonly isBackup: (id: string) => Promise<boolean>
  /** Whether the directory of this path is what the backup holds. */
  readonly isDone: (root: string) => Promise<boolean>
}

/** The directory, held open, and empty but for the mark; `null` when there is nothing left to do. */
async function prepare(
  directory: string,
  { into, id, isBackup, isDone }: Preparation,
): Promise<OpenFolder | null> {
  try {
    await mkdir(directory, { recursive: true })
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw toRestoreError(error)
  }
  const found = await findAgentDirectory(directory)
  if (found.state !== 'present') {
    throw new ArtifactError('unsafe_path', 'The directory to restore into is a link, or none.')
  }
  let root: OpenFolder | undefined
  try {
    root = await openFolder(found.root, [])
    const { length } = await readdir(root.at('.'))
    const isEmpty = length === 0 || (length === 1 && (await hasBlankMark(root)))
    if (!isEmpty && into === 'empty' && !(await isRestoring(root, isBackup))) {
      if (await isDone(found.root)) {
        await root.close()
        return null
      }
      const message = 'The directory to restore into is not empty; `into: "replace"` empties it.'
      throw new ArtifactError('already_exists', message)
    }
    await markRestoring(root, id)
    await removeWithin(root.at('.'), (name) => name !== restoringMark)
    return root
  } catch (error) {
    await root?.close()
    throw toRestoreError(error)
  }
}

function moved(): ArtifactError {
  return new ArtifactError('unsafe_path', 'The directory to restore into was moved away.')
}

function toRestoreError(error: unknown): unknown {
  if (error instanceof Drop) {
    const message = `Something in the directory to restore into cannot be removed: ${error.reason}.`
    return new ArtifactError('unsafe_path', message, { cause: error })
  }
  const code = errorCode(error)
  if (ArtifactError.is(error) || code === undefined) return error
  const message =
    code === 'EEXIST'
      ? 'Two names of the backup are one on this file system.'
      : `The file system refused: ${code}.`
  return new ArtifactError('storage_failed', message, {
    cause: error,
    retryable: code !== 'EEXIST',
  })
}
