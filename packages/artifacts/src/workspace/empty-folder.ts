import { randomUUID } from 'node:crypto'
import { lstat, readdir, rename, rmdir, unlink } from 'node:fs/promises'

import type { OpenFolder } from '../directory/open-folder.js'
import { ArtifactError } from '../errors.js'
import { errorCode, isMissing } from '../system-error.js'

/** What somebody puts there meanwhile is removed, too, but not for ever. */
const attempts = 10
/** Folders held open at most. What is deeper is moved to the top first. */
const mostHeld = 100

/** Removes what is in a folder, but for one name. Goes by open folders: a link that takes a folder's place is removed, and never entered. */
export async function emptyFolder(root: OpenFolder, kept: string): Promise<void> {
  for (;;) {
    const names = (await readdir(root.at('.'))).filter((name) => name !== kept)
    if (names.length === 0) return
    for (const name of names) await removeFrom(root, name)
  }
}

/** Removes one thing from an open folder, with all that is in it; also when there is none. */
export async function removeFrom(root: OpenFolder, name: string): Promise<void> {
  await removeEntry(root, root, name, 1)
}

async function removeEntry(
  root: OpenFolder,
  folder: OpenFolder,
  name: string,
  held: number,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await tryRemove(root, folder, name, held)
    } catch (error) {
      if (isMissing(error)) return
      const code = errorCode(error)
      const isChanged =
        (ArtifactError.is(error) && error.code === 'unsafe_path') ||
        ['EISDIR', 'EPERM', 'ENOTDIR', 'ENOTEMPTY', 'EEXIST'].includes(code ?? '')
      if (!isChanged || attempt === attempts) throw error
    }
  }
}

async function tryRemove(
  root: OpenFolder,
  folder: OpenFolder,
  name: string,
  held: number,
): Promise<void> {
  const at = folder.at(name)
  if (!(await lstat(at)).isDirectory()) return unlink(at)
  if (held >= mostHeld) return rename(at, root.at(`.turnstead-removed-${randomUUID()}`))
  const inner = await folder.open(name, { make: false })
  try {
    for (const each of await readdir(inner.at('.'))) await removeEntry(root, inner, each, held + 1)
  } finally {
    await inner.close()
  }
  await rmdir(at)
}
