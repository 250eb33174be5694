import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { link, lstat, open, readdir, rename, unlink, type FileHandle } from 'node:fs/promises'
import { posix } from 'node:path'

import { untilAbort } from '../abort.js'
import { findAgentDirectory } from '../directory/agent-directory.js'
import { openFolder, type OpenFolder } from '../directory/open-folder.js'
import { ArtifactError } from '../errors.js'
import { foldWholeName, toFileName, toNumberedName } from '../file-name.js'
import { readSource } from '../store/source.js'
import type { ArtifactStore, StoreCallOptions } from '../store/store.js'
import { errorCode } from '../system-error.js'
import { removeLeftovers, toTemporaryName } from './leftovers.js'
import { markPlaced, type PlacedUpload } from './placed.js'
import type { Upload } from './upload.js'

/** Options of {@link placeUploads}. */
export interface PlaceUploadsOptions extends StoreCallOptions {
  /** Where the bytes are. */
  readonly store: ArtifactStore
  /** The agent's directory on this machine. Its own last part may not be a link. */
  readonly directory: string
  /** The same directory as the OpenCode server names it. Default: `directory`. */
  readonly agentDirectory?: string | undefined
  /** The files. */
  readonly uploads: readonly Upload[]
  /** The folder below the directory, made when missing; plain names joined by `/`. Default: `uploads`. */
  readonly folder?: string | undefined
}

/**
 * Why an upload is not in the workspace: `missing`, the store has no such object; `failed`, the store or the disk did not take or give
 * it, see `cause`.
 */
export type SkipReason = 'missing' | 'failed'

/** An upload that is not. */
export interface SkippedUpload {
  readonly upload: Upload
  readonly reason: SkipReason
  readonly cause?: unknown
}

/** What became of the uploads. */
export interface PlaceReport {
  readonly placed: readonly PlacedUpload[]
  readonly skipped: readonly SkippedUpload[]
}

/** Names with a number: more files of one name than anybody has. */
const maxTries = 10_000

/**
 * Writes uploads into the agent's workspace, each under a safe name that nothing there has; again, it finds its own. The folder is held
 * open and no link is followed, so nothing outside is written. Rejects with `unsafe_path` for a directory or folder that is a link,
 * with the reason of an abort, and with `storage_failed` where the disk refuses the folder.
 */
export async function placeUploads(options: PlaceUploadsOptions): Promise<PlaceReport> {
  const { directory, agentDirectory = directory, uploads, folder = 'uploads', signal } = options
  if (!Array.isArray(uploads)) throw new TypeError('`uploads` is missing: a list of files.')
  const folders = folder.split('/')
  if (folders.some((name) => name !== toFileName(name) || name.startsWith('.'))) {
    throw new TypeError('`folder` must be plain names joined by `/`.')
  }
  signal?.throwIfAborted()
  const found = await untilAbort(signal, () => findAgentDirectory(directory))
  if (found.state !== 'present') {
    const isUnsafe = found.state === 'unsafe'
    throw isUnsafe
      ? new ArtifactError('unsafe_path', "The agent's directory is a link, or no directory.")
      : new ArtifactError('storage_failed', "This machine does not show the agent's directory.")
  }
  const place = await openOrFail(found.root, folders)
  const placed: PlacedUpload[] = []
  const skipped: SkippedUpload[] = []
  try {
    const names = await readdir(place.at('.'))
    await removeLeftovers(place, names)
    const taken = new Set(names.map(foldWholeName))
    for (const upload of uploads) {
      signal?.throwIfAborted()
      try {
        const name = await placeOne(options, place, upload, taken)
        if (name === null) skipped.push({ upload, reason: 'missing' })
        else {
          const path = posix.join(folder, name)
          placed.push(markPlaced({ upload, path, agentPath: posix.join(agentDirectory, path) }))
        }
      } catch (error) {
        signal?.throwIfAborted()
        skipped.push({ upload, reason: 'failed', cause: toPlaceError(error) })
      }
    }
    return { placed, skipped }
  } finally {
    await place.close()
  }
}

async function openOrFail(root: string, folders: readonly string[]): Promise<OpenFolder> {
  try {
    return await openFolder(root, folders)
  } catch (error) {
    if (ArtifactError.is(error)) throw error
    const message = `The folder for uploads cannot be made: ${errorCode(error)}.`
    throw new ArtifactError('storage_failed', message, { cause: error })
  }
}

function toPlaceError(error: unknown): unknown {
  const code = errorCode(error)
  if (ArtifactError.is(error) || code === undefined) return error
  const message = `The file system of the workspace refused: ${code}.`
  return new ArtifactError('storage_failed', message, { cause: error })
}

/** The name that it has there now; `null` when the store does not have it. */
async function placeOne(
  { store, signal }: PlaceUploadsOptions,
  place: OpenFolder,
  upload: Upload,
  taken: Set<string>,
): Promise<string | null> {
  const stored = await store.get(upload.key, { signal })
  if (stored === null) return null
  const temporary = place.at(toTemporaryName())
  try {
    await writeTo(temporary, stored.body, signal)
    for (let number = 1; number < maxTries; number += 1) {
      const name = toNumberedName(upload.name, number)
      const at = place.at(name)
      if (taken.has(foldWholeName(name))) {
        if (await holds(at, upload)) return name
        continue
      }
      if (!(await giveName(temporary, at))) continue
      taken.add(foldWholeName(name))
      if (await place.isInside()) return name
      await unlink(at).catch(() => {})
      throw new ArtifactError('unsafe_path', 'The folder for uploads was moved away.')
    }
    throw new ArtifactError('storage_failed', `All names like ${upload.name} are taken.`)
  } finally {
    stored.body.destroy()
    await unlink(temporary).catch(() => {})
  }
}

async function writeTo(
  path: string,
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants
  const handle = await open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o644)
  try {
    for await (const chunk of readSource(body, { maxBytes: Infinity, signal })) {
      await handle.writeFile(chunk)
    }
  } finally {
    await handle.close()
  }
}

/** A link refuses a name that is taken; where there are no links, looking first has to do. */
async function giveName(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    const isThere = await lstat(to).then(
      () => true,
      () => false,
    )
    if (isThere) return false
    await rename(from, to)
    return true
  }
}

/** Whether an earlier run put it there. */
async function holds(path: string, { sizeBytes, sha256 }: Upload): Promise<boolean> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants
  let handle: FileHandle | undefined
  try {
    handle = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    const info = await handle.stat()
    if (!info.isFile() || info.size !== sizeBytes) return false
    const digest = createHash('sha256')
    for await (const chunk of handle.createReadStream({ autoClose: false })) digest.update(chunk)
    return digest.digest('hex') === sha256
  } catch {
    return false
  } finally {
    await handle?.close()
  }
}
