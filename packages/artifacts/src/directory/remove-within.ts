import { randomUUID } from 'node:crypto'
import { readdir, rename, rmdir, unlink, type FileHandle } from 'node:fs/promises'

import { Drop } from './drop-reason.js'
import { errorCode, isMissing } from '../system-error.js'
import { canAnchor, checkDirectory, checkRoot, on, openChecked, openFlags } from './checked-open.js'
import { nodeFileSystem } from './file-system.js'

/** What somebody puts there meanwhile is removed, too, but not forever. */
const attempts = 10
/** Folders that are held open at once; what lies deeper is brought up first. */
const maxDepth = 32

interface Held {
  readonly handle: FileHandle
  readonly path: string
}

/**
 * Removes what is in a folder, with all that is in it. Each folder on the way is held open, so what is moved or linked in between leads
 * nowhere; links are removed, not followed, and nothing mounted is entered. Fails with a Drop, or the system's own error.
 *
 * @param root A path of the folder; no link, and none on the way that is not the host's.
 * @param isRemoved Whether something in it goes, by its name.
 */
export async function removeWithin(
  root: string,
  isRemoved: (name: string) => boolean,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await tryRemove(root, isRemoved)
    } catch (error) {
      if (attempt === attempts || !isChanged(error)) throw error
    }
  }
}

async function tryRemove(root: string, isRemoved: (name: string) => boolean): Promise<void> {
  const flags = openFlags().directory
  const top = await hold(await openChecked(nodeFileSystem, root, flags, checkRoot), root)
  try {
    const { dev } = await top.handle.stat()
    const later: Buffer[] = []

    async function removeAll(folder: Held, depth: number): Promise<void> {
      // Not all names are text.
      for (const name of await readdir(`${folder.path}/.`, { encoding: 'buffer' })) {
        if (depth > 0 || isRemoved(name.toString())) await remove(folder, name, depth)
      }
    }

    async function remove(folder: Held, name: Buffer, depth: number): Promise<void> {
      const place = Buffer.concat([Buffer.from(`${folder.path}/`), name])
      if (await unlinked(place)) return
      if (depth >= maxDepth || !Buffer.from(name.toString()).equals(name)) {
        const nearer = Buffer.from(`.${randomUUID()}`)
        await rename(place, `${top.path}/${nearer.toString()}`)
        later.push(nearer)
        return
      }
      const path = place.toString()
      const opened = await openChecked(nodeFileSystem, path, flags, on(dev, checkDirectory))
      try {
        // It may forbid to remove what is in it.
        await opened.chmod(0o700)
        await removeAll(await hold(opened, path), depth + 1)
      } finally {
        await opened.close()
      }
      await rmdir(path)
    }

    await removeAll(top, 0)
    for (let name = later.pop(); name !== undefined; name = later.pop()) {
      await remove(top, name, 0)
    }
  } finally {
    await top.handle.close()
  }
}

async function hold(handle: FileHandle, path: string): Promise<Held> {
  const isAnchored = await canAnchor(nodeFileSystem, handle)
  return { handle, path: isAnchored ? `/proc/self/fd/${handle.fd}` : path }
}

/** False for a folder. */
async function unlinked(place: Buffer): Promise<boolean> {
  try {
    await unlink(place)
    return true
  } catch (error) {
    if (isMissing(error)) return true
    const code = errorCode(error)
    // POSIX says EPERM for a folder, Linux EISDIR.
    if (code === 'EISDIR' || code === 'EPERM') return false
    throw error
  }
}

/** Whether somebody else was at work in between. */
function isChanged(error: unknown): boolean {
  if (error instanceof Drop) return error.reason !== 'mounted'
  return isMissing(error) || ['EEXIST', 'ENOTEMPTY'].includes(errorCode(error) ?? '')
}
