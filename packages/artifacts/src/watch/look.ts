import type { Stats } from 'node:fs'
import { lstat, opendir } from 'node:fs/promises'

import { openFolder } from '../directory/open-folder.js'
import { ArtifactError } from '../errors.js'
import { isMissing } from '../system-error.js'

/** What is in one folder. */
export interface FolderContents {
  /** Tells whether it is still the same folder. */
  readonly identity: string
  /** What tells whether a file is as it was, by its name. Links, pipes and devices are none. */
  readonly files: ReadonlyMap<string, string>
  /** Identities of the folders in it. */
  readonly folders: ReadonlyMap<string, string>
  /** Whether that is all. */
  readonly isWhole: boolean
}

/** How to look. */
export interface LookOptions {
  /** Real path of the workspace. */
  readonly root: string
  /** Path below it; empty for itself. */
  readonly path: string
  readonly ignore: (path: string) => boolean
  readonly maxEntries: number
  readonly signal: AbortSignal
  /** Called with a way to the open folder before it is read: what comes to it after that is seen by whoever listens. */
  readonly onOpen: (place: string, identity: string) => void
}

/** Looked at together; more would only queue. */
const batch = 16

/** Reads one folder, reached by open folders: no link is followed and no mount entered. `null` for one that is not there, or is no folder. */
export async function lookAtFolder(options: LookOptions): Promise<FolderContents | null> {
  const { root, path, signal, maxEntries } = options
  let opened
  try {
    opened = await openFolder(root, path === '' ? [] : path.split('/'), { make: false })
  } catch (error) {
    const isGone = isMissing(error) || (path !== '' && ArtifactError.is(error))
    if (isGone) return null
    throw error
  }
  try {
    const own = await lstat(opened.at('.'))
    const identity = identityOf(own)
    options.onOpen(opened.at('.'), identity)
    const names: string[] = []
    let isWhole = true
    for await (const { name } of await opendir(opened.at('.'))) {
      signal.throwIfAborted()
      if (options.ignore(path === '' ? name : `${path}/${name}`)) continue
      if (names.length >= maxEntries) {
        isWhole = false
        break
      }
      names.push(name)
    }
    const files = new Map<string, string>()
    const folders = new Map<string, string>()
    for (let start = 0; start < names.length; start += batch) {
      signal.throwIfAborted()
      const some = names.slice(start, start + batch)
      const infos = await Promise.all(some.map(async (name) => look(opened.at(name))))
      some.forEach((name, index) => {
        const info = infos[index]
        if (info === null || info === undefined || info.dev !== own.dev) return
        if (info.isDirectory()) folders.set(name, identityOf(info))
        else if (info.isFile()) files.set(name, stampOf(info))
      })
    }
    return { identity, files, folders, isWhole }
  } finally {
    await opened.close()
  }
}

async function look(path: string): Promise<Stats | null> {
  try {
    return await lstat(path)
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}

function identityOf({ dev, ino }: Stats): string {
  return `${dev} ${ino}`
}

/** The time of its content can be set back by whoever writes it, that of its last change cannot. */
function stampOf({ ino, size, ctimeMs }: Stats): string {
  return `${ino} ${size} ${ctimeMs}`
}
