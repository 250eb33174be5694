import type { Stats } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { join, sep } from 'node:path'

import { canAnchor, checkDirectory, checkRoot, on, openChecked, openFlags } from './checked-open.js'
import { Drop } from './drop-reason.js'
import { isMissing } from '../system-error.js'
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

async function checkRealPath({ fileSystem, root, path }: ContainedOptions): Promise<void> {
  try {
    const real = await fileSystem.realpath(join(root, path))
    if (!real.startsWith(root.endsWith(sep) ? root : root + sep)) throw new Drop('symlink')
  } catch (error) {
    throw isMissing(error) ? new Drop('missing', { cause: error }) : error
  }
}

function checkFile(info: Stats): void {
  if (info.isSymbolicLink()) throw new Drop('symlink')
  if (!info.isFile()) throw new Drop('not_a_file')
  if (info.nlink === 0) throw new Drop('replaced')
  if (info.nlink !== 1) throw new Drop('hard_link')
}
