import { constants } from 'node:fs'
import { lstat, mkdir, open, readlink, realpath, type FileHandle } from 'node:fs/promises'
import { join, sep } from 'node:path'

import { ArtifactError } from '../errors.js'
import { errorCode } from '../system-error.js'

/** A folder below the agent's directory, held open: what is reached through it stays in it, whatever is renamed or linked meanwhile. */
export interface OpenFolder {
  /** A path to something in it. */
  readonly at: (name: string) => string
  /** Opens a folder in it, which may be closed later or earlier than this one; no link is followed. Fails with `unsafe_path`. */
  readonly open: (name: string, options?: OpenOptions) => Promise<OpenFolder>
  /** Whether it is still where it was opened; where the system does not say where that is, a check of its path has to do. */
  readonly isInside: () => Promise<boolean>
  readonly close: () => Promise<void>
}

/** Whether a folder that is missing is made. */
export interface OpenOptions {
  /** Default: true. */
  readonly make?: boolean
}

/** What is the same for all folders of one directory. */
interface Ground {
  readonly root: string
  readonly flags: number
  /** Whether a path may start at an open folder. */
  readonly isAnchored: boolean
  /** Whether the system says where an open folder is. */
  readonly isToldPlace: boolean
}

/**
 * Opens a folder below a directory, making what is missing unless told otherwise; no step follows a link. Fails with `unsafe_path`.
 *
 * @param root Real path of the directory.
 * @param folder Names of the folders on the way, each a single name.
 */
export async function openFolder(
  root: string,
  folder: readonly string[],
  options: OpenOptions = {},
): Promise<OpenFolder> {
  let current = await openRoot(root)
  for (const name of folder) {
    const outer = current
    try {
      current = await outer.open(name, options)
    } finally {
      await outer.close()
    }
  }
  return current
}

async function openRoot(root: string): Promise<OpenFolder> {
  const { O_RDONLY, O_NOFOLLOW, O_DIRECTORY } = constants
  if (typeof O_NOFOLLOW !== 'number' || typeof O_DIRECTORY !== 'number') {
    throw new ArtifactError('unsupported', 'This platform cannot write without following links.')
  }
  const flags = O_RDONLY | O_NOFOLLOW | O_DIRECTORY
  const handle = await openChecked(root, flags)
  try {
    const isAnchored = await canAnchor(handle)
    const isToldPlace = isAnchored && (await placeOf(handle)) === root
    return await hold(handle, root, { root, flags, isAnchored, isToldPlace })
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** Takes over the descriptor, unless it fails. */
async function hold(handle: FileHandle, path: string, ground: Ground): Promise<OpenFolder> {
  const { root, flags, isAnchored, isToldPlace } = ground
  const at = (name: string): string =>
    isAnchored ? `/proc/self/fd/${handle.fd}/${name}` : join(path, name)
  const isInside = async (): Promise<boolean> => {
    if (isToldPlace) return (await placeOf(handle)) === path
    const real = await realpath(path).catch(() => null)
    return real === root || real?.startsWith(root + sep) === true
  }
  if (!(await isInside())) throw unsafe()
  return {
    at,
    isInside,
    open: async (name, { make = true } = {}) => {
      const next = at(name)
      if (make) await makeFolder(next)
      const inner = await openChecked(next, flags)
      try {
        return await hold(inner, join(path, name), ground)
      } catch (error) {
        await inner.close()
        throw error
      }
    },
    close: () => handle.close(),
  }
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path)
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error
  }
}

/** Look, open, look again: it must be the same folder. */
async function openChecked(path: string, flags: number): Promise<FileHandle> {
  const seen = await lstat(path)
  if (!seen.isDirectory()) throw unsafe()
  let handle: FileHandle
  try {
    handle = await open(path, flags)
  } catch (error) {
    const code = errorCode(error)
    throw code === 'ELOOP' || code === 'ENOTDIR' ? unsafe(error) : error
  }
  const held = await handle.stat()
  if (held.dev === seen.dev && held.ino === seen.ino) return handle
  await handle.close()
  throw unsafe()
}

async function canAnchor(handle: FileHandle): Promise<boolean> {
  const anchored = await lstat(`/proc/self/fd/${handle.fd}/.`).catch(() => null)
  const held = await handle.stat()
  return anchored !== null && anchored.dev === held.dev && anchored.ino === held.ino
}

/** Where an open folder is now; `null` when it was removed, or nothing says so. */
async function placeOf(handle: FileHandle): Promise<string | null> {
  const place = await readlink(`/proc/self/fd/${handle.fd}`).catch(() => null)
  return (await handle.stat()).nlink === 0 ? null : place
}

function unsafe(cause?: unknown): ArtifactError {
  const details = cause === undefined ? {} : { cause }
  return new ArtifactError('unsafe_path', 'A folder on the way is a link, or no folder.', details)
}
