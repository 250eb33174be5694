import { constants, type Stats } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { join, sep } from 'node:path'

import { Drop } from './drop-reason.js'
import { errorCode, isMissing } from '../system-error.js'
import type { FileSystem } from './file-system.js'

/** Options of {@link openContainedFile}. */
export interface ContainedOptions {
  readonly fileSystem: FileSystem
  /** Real path of the agent's directory. */
  readonly root: string
  /** Path below it, normalised. */
  readonly path: string
}

/**
 * Opens a file of the agent's for reading, or throws a Drop. Each folder on the way and the file itself are
 * looked at, opened without following links, and compared with what was looked at. On Linux each step
 * starts from the descriptor of the step before, so renaming a folder on the way changes nothing; elsewhere
 * the real path, checked again after opening, has to do.
 */
export async function openContainedFile(options: ContainedOptions): Promise<FileHandle> {
  const { fileSystem, root, path } = options
  const flags = openFlags()
  const segments = path.split('/')
  const name = segments.pop() ?? ''
  const opened: FileHandle[] = []
  try {
    let base = root
    let handle = await openChecked(fileSystem, root, flags.directory, checkRoot)
    opened.push(handle)
    const { dev } = await handle.stat()
    const isAnchored = await canAnchor(fileSystem, handle)
    const below = (segment: string): string =>
      isAnchored ? `/proc/self/fd/${handle.fd}/${segment}` : join(base, segment)
    for (const segment of segments) {
      base = below(segment)
      handle = await openChecked(fileSystem, base, flags.directory, on(dev, checkDirectory))
      opened.push(handle)
    }
    await checkRealPath(options)
    const file = await openChecked(fileSystem, below(name), flags.file, on(dev, checkFile))
    try {
      await checkRealPath(options)
    } catch (error) {
      await file.close()
      throw error
    }
    return file
  } finally {
    await Promise.all(opened.map(async (each) => each.close()))
  }
}

type Check = (info: Stats) => void

/** What is mounted below the directory belongs to whoever mounted it. */
function on(device: number, check: Check): Check {
  return (info) => {
    check(info)
    if (info.dev !== device) throw new Drop('mounted')
  }
}

/** Look, open, look again through the descriptor: it must be the same thing all along. */
async function openChecked(
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

async function checkRealPath({ fileSystem, root, path }: ContainedOptions): Promise<void> {
  try {
    const real = await fileSystem.realpath(join(root, path))
    if (!real.startsWith(root.endsWith(sep) ? root : root + sep)) throw new Drop('symlink')
  } catch (error) {
    throw isMissing(error) ? new Drop('missing', { cause: error }) : error
  }
}

function checkRoot(info: Stats): void {
  if (!info.isDirectory()) throw new Drop('unsafe_directory')
}

function checkDirectory(info: Stats): void {
  if (info.isSymbolicLink()) throw new Drop('symlink')
  if (!info.isDirectory()) throw new Drop('missing')
}

function checkFile(info: Stats): void {
  if (info.isSymbolicLink()) throw new Drop('symlink')
  if (!info.isFile()) throw new Drop('not_a_file')
  if (info.nlink === 0) throw new Drop('replaced')
  if (info.nlink !== 1) throw new Drop('hard_link')
}

/** Whether a path may start at an open folder. Linux can, unless `/proc` is not mounted. */
async function canAnchor(fileSystem: FileSystem, handle: FileHandle): Promise<boolean> {
  try {
    const anchored = await fileSystem.lstat(`/proc/self/fd/${handle.fd}/.`)
    const held = await handle.stat()
    return anchored.dev === held.dev && anchored.ino === held.ino
  } catch {
    return false
  }
}

/** Windows has none of these flags. Without them the checks above prove nothing, so the disk is out of reach. */
function openFlags(): { directory: number; file: number } {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_DIRECTORY } = constants
  const hasAll = [O_NOFOLLOW, O_NONBLOCK, O_DIRECTORY].every((flag) => typeof flag === 'number')
  if (!hasAll) throw new Error('This platform cannot open a file without following links.')
  const shared = O_RDONLY | O_NOFOLLOW | O_NONBLOCK
  return { directory: shared | O_DIRECTORY, file: shared }
}
