import { posix } from 'node:path'

import type { OpenFolder } from '../directory/open-folder.js'

/** Folders of a workspace, the last ones used held open. */
export interface Folders {
  /** Hands a path to something, through its open folder, which stays open until the call has ended. Several at once. */
  readonly use: <Result>(path: string, body: (at: string) => Promise<Result>) => Promise<Result>
  /** Closes those that no call uses any more. */
  readonly close: () => Promise<void>
}

interface Held {
  readonly folder: Promise<OpenFolder>
  users: number
}

/** As deep as a workspace may be: then each folder is opened from the one above. */
const mostOpen = 128

/** Folders below an open one; each must be there, and no step follows a link. */
export function createFolders(root: OpenFolder): Folders {
  const open = new Map<string, Held>()

  async function borrow(path: string): Promise<{ folder: OpenFolder; held: Held }> {
    const known = open.get(path)
    const held = known ?? { folder: openFrom(path), users: 0 }
    // The last in the map is the last to be closed.
    open.delete(path)
    open.set(path, held)
    held.users += 1
    try {
      return { folder: await held.folder, held }
    } catch (error) {
      if (open.get(path) === held) open.delete(path)
      throw error
    }
  }

  async function openFrom(path: string): Promise<OpenFolder> {
    if (path === '') return root.open('.', { make: false })
    const { folder, held } = await borrow(parentOf(path))
    try {
      return await folder.open(posix.basename(path), { make: false })
    } finally {
      held.users -= 1
    }
  }

  async function closeUnused(most: number): Promise<void> {
    for (const [path, held] of open) {
      if (open.size <= most) return
      if (held.users > 0) continue
      open.delete(path)
      await (await held.folder).close()
    }
  }

  return {
    use: async (path, body) => {
      const { folder, held } = await borrow(parentOf(path))
      try {
        return await body(folder.at(posix.basename(path)))
      } finally {
        held.users -= 1
        await closeUnused(mostOpen)
      }
    },
    close: () => closeUnused(0),
  }
}

function parentOf(path: string): string {
  const parent = posix.dirname(path)
  return parent === '.' ? '' : parent
}
