import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'

import type { OpenFolder } from '../directory/open-folder.js'
import { removeWithin } from '../directory/remove-within.js'

/** A file that is there while a restore is under way, or was killed. It holds the backup's id. */
export const restoringMark = '.turnstead-restoring'

/** Longer than any id. */
const maxBytes = 64

/**
 * Whether a restore of a backup was not finished. Anything else of that name is not ours: an agent may write such a file, but it knows the
 * id of no backup, and that is asked of the store.
 */
export async function isRestoring(
  root: Pick<OpenFolder, 'at'>,
  isBackup: (id: string) => Promise<boolean>,
): Promise<boolean> {
  const id = await readMark(root.at(restoringMark))
  return id !== null && (await isBackup(id))
}

/** Whether a restore was killed while it left the mark: before it changed anything else. */
export async function hasBlankMark(root: Pick<OpenFolder, 'at'>): Promise<boolean> {
  return (await readMark(root.at(restoringMark))) === ''
}

/** Leaves the mark; what an agent put in its place is removed, and never written through. */
export async function markRestoring(root: OpenFolder, id: string): Promise<void> {
  await removeWithin(root.at('.'), (name) => name === restoringMark)
  const handle = await open(root.at(restoringMark), 'wx', 0o600)
  try {
    await handle.writeFile(id)
  } finally {
    await handle.close()
  }
}

async function readMark(path: string): Promise<string | null> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants
  let handle: FileHandle | undefined
  try {
    handle = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    if (!(await handle.stat()).isFile()) return null
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(maxBytes), 0, maxBytes, 0)
    return buffer.toString('latin1', 0, bytesRead)
  } catch {
    return null
  } finally {
    await handle?.close()
  }
}
