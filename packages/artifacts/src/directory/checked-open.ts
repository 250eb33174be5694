import { constants, type Stats } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'

import { Drop } from './drop-reason.js'
import { errorCode } from '../system-error.js'
import type { FileSystem } from './file-system.js'

export type Check = (info: Stats) => void

/** What is mounted below the directory belongs to whoever mounted it. */
export function on(device: number, check: Check): Check {
  return (info) => {
    check(info)
    if (info.dev !== device) throw new Drop('mounted')
  }
}

/** Look, open, look again through the descriptor: it must be the same thing all along. Throws a Drop. */
export async function openChecked(
  fileSystem: FileSystem,
  path: string,
  flags: number,
  check: Check,
): Promise<FileHandle> {
  const seen = await fileSystem.lstat(path)
  check(seen)
  const handle = await openUnfollowed(fileSystem, path, flags)
  try {
    const held = await handle.stat()
    check(held)
    if (held.dev !== seen.dev || held.ino !== seen.ino) throw new Drop('replaced')
    return handle
  } catch (error) {
    await handle.close()
    throw error
  }
}

async function openUnfollowed(
  fileSystem: FileSystem,
  path: string,
  flags: number,
): Promise<FileHandle> {
  try {
    return await fileSystem.open(path, flags)
  } catch (error) {
    // A link, pipe without a reader, or socket that was not there a moment ago.
    const code = errorCode(error)
    const isSwapped = code === 'ELOOP' || code === 'ENOTDIR' || code === 'ENXIO'
    // A writer holds a lease on it: these are not the bytes that it will have.
    if (code === 'EAGAIN' || code === 'EWOULDBLOCK') throw new Drop('changing', { cause: error })
    throw isSwapped ? new Drop('replaced', { cause: error }) : error
  }
}

export function checkRoot(info: Stats): void {
  if (!info.isDirectory()) throw new Drop('unsafe_directory')
}

export function checkDirectory(info: Stats): void {
  if (info.isSymbolicLink()) throw new Drop('symlink')
  if (!info.isDirectory()) throw new Drop('missing')
}

/** Whether a path may start at an open folder. Linux can, unless `/proc` is not mounted. */
export async function canAnchor(fileSystem: FileSystem, handle: FileHandle): Promise<boolean> {
  try {
    const anchored = await fileSystem.lstat(`/proc/self/fd/${handle.fd}/.`)
    const held = await handle.stat()
    return anchored.dev === held.dev && anchored.ino === held.ino
  } catch {
    return false
  }
}

/** Windows has none of these flags. Without them the checks above prove nothing, so the disk is out of reach. */
export function openFlags(): { directory: number; file: number } {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_DIRECTORY } = constants
  const hasAll = [O_NOFOLLOW, O_NONBLOCK, O_DIRECTORY].every((flag) => typeof flag === 'number')
  if (!hasAll) throw new Error('This platform cannot open a file without following links.')
  const shared = O_RDONLY | O_NOFOLLOW | O_NONBLOCK
  return { directory: shared | O_DIRECTORY, file: shared }
}
