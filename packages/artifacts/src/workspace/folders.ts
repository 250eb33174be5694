import { posix } from 'node:path'

import { openFolder, type OpenFolder } from '../directory/open-folder.js'

/** Folders of a workspace, the last ones used held open. */
export interface Folders {
  /** A path to something, through its open folder. */
  readonly at: (path: string) => Promise<string>
  readonly close: () => Promise<void>
}

const mostOpen = 32

/** Every folder must be there; no step follows a link. */
export function createFolders(root: string): Folders {
  const open = new Map<string, OpenFolder>()

  async function folderOf(parent: string): Promise<OpenFolder> {
    const known = open.get(parent)
    if (known !== undefined) {
      // The last in the map is the last to be closed.
      open.delete(parent)
      open.set(parent, known)
      return known
    }
    const folder = await openFolder(root, parent === '' ? [] : parent.split('/'), { make: false })
    open.set(parent, folder)
    const [oldest] = open
    if (open.size > mostOpen && oldest !== undefined) {
      open.delete(oldest[0])
      await oldest[1].close()
    }
    return folder
  }

  return {
    at: async (path) => {
      const parent = posix.dirname(path)
      const folder = await folderOf(parent === '.' ? '' : parent)
      return folder.at(posix.basename(path))
    },
    close: async () => {
      for (const folder of open.values()) await folder.close()
      open.clear()
    },
  }
}
