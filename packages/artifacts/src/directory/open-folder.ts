import { constants } from 'node:fs'
import { lstat, mkdir, open, realpath, type FileHandle } from 'node:fs/promises'
import { join, sep } from 'node:path'

import { ArtifactError } from '../errors.js'
import { errorCode } from '../system-error.js'

/** A folder below the agent's directory, held open: what is reached through it stays in it, whatever is renamed or linked meanwhile. */
export interface OpenFolder {
  /** A path to something in it. */
  readonly at: (name: string) => string
  /** Whether it is still where it was; without an anchor a check has to do. */
  readonly isInside: () => Promise<boolean>
  readonly close: () => Promise<void>
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
  { make = true }: { readonly make?: boolean } = {},
): Promise<OpenFolder> {
  const { O_RDONLY, O_NOFOLLOW, O_DIRECTORY } = constants
  if (typeof O_NOFOLLOW !== 'number' || typeof O_DIRECTORY !== 'number') {
    throw new ArtifactError('unsupported', 'This platform cannot write without following links.')
  }
  const flags = O_RDONLY | O_NOFOLLOW | O_DIRECTORY
  let path = root
  let handle = await openChecked(root, flags)
  try {
    const isAnchored = await canAnchor(handle)
    const below = (name: string): string =>
      isAnchored ? `/proc/self/fd/${handle.fd}/${name}` : join(path, name)
    for (const name of folder) {
      const next = below(name)
      if (make) await makeFolder(next)
      const inner = await openChecked(next, flags)
      await handle.close()
      handle = inner
      path = join(path, name)
    }
    const held = handle
    const isInside = async (): Promise<boolean> => {
      const real = await realpath(path).catch(() => null)
      return real === root || real?.startsWith(root + sep) === true
    }
    if (!(await isInside())) throw unsafe()
    return { at: below, isInside, close: () => held.close() }
  } catch (error) {
    await handle.close()
    throw error
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

function unsafe(cause?: unknown): ArtifactError {
  const details = cause === undefined ? {} : { cause }
  return new ArtifactError('unsafe_path', 'A folder on the way is a link, or no folder.', details)
}
