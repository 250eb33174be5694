import { constants, type BigIntStats } from 'node:fs'
import { lstat, open, readdir, readlink, type FileHandle } from 'node:fs/promises'

import { openFolder, type OpenFolder } from '../directory/open-folder.js'
import { errorCode, isMissing } from '../system-error.js'
import { maxDepth } from './manifest.js'

/** Something in a workspace, as it is now. */
export interface Found {
  /** Its path below the workspace. */
  readonly path: string
  readonly kind: 'folder' | 'file' | 'link'
  /** What tells whether it is still the same. */
  readonly stamp: string
  readonly info: BigIntStats
  /** Of a link. */
  readonly target: string | null
  /** Opens a file without following links, or says why not; `null` when it is gone. Only until the next entries are asked for. */
  readonly open: () => Promise<FileHandle | 'unreadable' | 'changing' | null>
}

/** Why something is not in a backup; `too_deep` is a folder whose paths have more than 128 names. */
export type SkippedInWorkspace =
  | 'hard_link'
  | 'link_outside'
  | 'not_a_file'
  | 'mounted'
  | 'bad_name'
  | 'too_deep'
  | 'unreadable'
  | 'changing'
  | 'too_large'

/** How to walk. */
export interface WalkOptions {
  readonly isIgnored: (path: string, isFolder: boolean) => boolean
  readonly skip: (path: string, reason: SkippedInWorkspace) => void
  readonly signal: AbortSignal | undefined
}

/** A folder that is being gone through. */
interface Visit {
  readonly path: string
  readonly folder: OpenFolder
  /** Names of folders that were not visited yet, the next one last. */
  readonly inner: string[]
}

/** Looked at together; more would only queue. */
const batch = 16

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants

/**
 * Goes through a workspace by open folders, folders before what is in them, some entries of one folder at a time: no link is followed,
 * nothing mounted entered, and what is moved away meanwhile is not reached. Each folder is opened from the one above, which is held
 * open as long as there are others in it; hence the bound of depth.
 */
export async function* walkWorkspace(
  root: string,
  options: WalkOptions,
): AsyncGenerator<readonly Found[]> {
  const { dev } = await lstat(root, { bigint: true })
  const above: Visit[] = []
  try {
    const first: Visit = { path: '', folder: await openFolder(root, []), inner: [] }
    above.push(first)
    yield* entriesIn(first, dev, options)
    for (let visit = above.at(-1); visit !== undefined; visit = above.at(-1)) {
      const name = visit.inner.pop()
      if (name === undefined) {
        above.pop()
        await visit.folder.close()
        continue
      }
      options.signal?.throwIfAborted()
      const path = below(visit.path, name)
      if (above.length >= maxDepth) {
        options.skip(path, 'too_deep')
        continue
      }
      try {
        const folder = await visit.folder.open(name, { make: false })
        const next: Visit = { path, folder, inner: [] }
        above.push(next)
        yield* entriesIn(next, dev, options)
      } catch (error) {
        options.signal?.throwIfAborted()
        // Gone, or a link by now: the next look tells.
        if (!isMissing(error)) options.skip(path, 'unreadable')
      }
    }
  } finally {
    for (const { folder } of above) await folder.close()
  }
}
/** Gives a folder's entries, and leaves the folders among them to be visited. */
async function* entriesIn(
  { path, folder, inner }: Visit,
  device: bigint,
  options: WalkOptions,
): AsyncGenerator<readonly Found[]> {
  const names = await readdir(folder.at('.'), { encoding: 'buffer' })
  names.sort((one, other) => one.compare(other))
  for (let start = 0; start < names.length; start += batch) {
    options.signal?.throwIfAborted()
    const looks = names.slice(start, start + batch).map(async (bytes) => {
      const name = bytes.toString()
      // A name that is no text could not be written back.
      if (Buffer.from(name).equals(bytes)) {
        return lookAt(folder.at(name), below(path, name), device, options)
      }
      options.skip(below(path, name), 'bad_name')
      return null
    })
    const found = (await Promise.all(looks)).filter((each) => each !== null)
    for (const each of found) {
      if (each.kind === 'folder') inner.push(each.path.slice(each.path.lastIndexOf('/') + 1))
    }
    yield found
  }
  inner.reverse()
}

function below(path: string, name: string): string {
  return path === '' ? name : `${path}/${name}`
}

async function lookAt(
  at: string,
  path: string,
  device: bigint,
  { isIgnored, skip }: WalkOptions,
): Promise<Found | null> {
  let info: BigIntStats
  try {
    info = await lstat(at, { bigint: true })
  } catch (error) {
    if (!isMissing(error)) skip(path, 'unreadable')
    return null
  }
  if (isIgnored(path, info.isDirectory())) return null
  const found = { path, stamp: stampOf(info), info, target: null, open: async () => null }
  if (info.dev !== device) skip(path, 'mounted')
  else if (info.isDirectory()) return { ...found, kind: 'folder' }
  else if (info.isSymbolicLink()) {
    const target = await readlink(at).catch(() => null)
    if (target !== null) return { ...found, kind: 'link', target }
    skip(path, 'unreadable')
  } else if (!info.isFile()) skip(path, 'not_a_file')
  // Its other name may be outside.
  else if (info.nlink !== 1n) skip(path, 'hard_link')
  else return { ...found, kind: 'file', open: () => openSame(at, info) }
  return null
}

async function openSame(
  at: string,
  seen: BigIntStats,
): Promise<FileHandle | 'unreadable' | 'changing' | null> {
  let handle: FileHandle
  try {
    handle = await open(at, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  } catch (error) {
    if (isMissing(error)) return null
    return errorCode(error) === 'ELOOP' ? 'changing' : 'unreadable'
  }
  const held = await handle.stat({ bigint: true })
  if (held.ino === seen.ino && held.dev === seen.dev && held.isFile()) return handle
  await handle.close()
  return 'changing'
}

/** A file's own times may be set by whoever writes it, that of its last change may not. */
function stampOf({ ino, size, mode, ctimeNs }: BigIntStats): string {
  return `${ino} ${size} ${mode} ${ctimeNs}`
}
