import { constants, type BigIntStats } from 'node:fs'
import { lstat, open, readdir, readlink, type FileHandle } from 'node:fs/promises'

import { openFolder } from '../directory/open-folder.js'
import { errorCode, isMissing } from '../system-error.js'

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
  /** Opens a file without following links, or says why not; `null` when it is gone. Only while this entry is visited. */
  readonly open: () => Promise<FileHandle | 'unreadable' | 'changing' | null>
}

/** Why something is not in a backup. */
export type SkippedInWorkspace =
  | 'hard_link'
  | 'link_outside'
  | 'not_a_file'
  | 'mounted'
  | 'bad_name'
  | 'unreadable'
  | 'changing'
  | 'too_large'

/** How to walk. */
export interface WalkOptions {
  readonly isIgnored: (path: string, isFolder: boolean) => boolean
  readonly skip: (path: string, reason: SkippedInWorkspace) => void
  readonly signal: AbortSignal | undefined
}

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants

/**
 * Goes through a workspace by open folders, folders before what is in them: no link is followed, nothing mounted entered, and what is
 * moved away meanwhile is not reached.
 */
export async function* walkWorkspace(root: string, options: WalkOptions): AsyncGenerator<Found> {
  const { dev } = await lstat(root, { bigint: true })
  yield* walkFolder(root, [], dev, options)
}

async function* walkFolder(
  root: string,
  folder: readonly string[],
  device: bigint,
  options: WalkOptions,
): AsyncGenerator<Found> {
  const opened = await openFolder(root, folder, { make: false })
  const inner: string[] = []
  try {
    const names = await readdir(opened.at('.'), { encoding: 'buffer' })
    for (const bytes of names.sort((one, other) => one.compare(other))) {
      options.signal?.throwIfAborted()
      const name = bytes.toString()
      const path = [...folder, name].join('/')
      // A name that is no text could not be written back.
      if (!Buffer.from(name).equals(bytes)) {
        options.skip(path, 'bad_name')
        continue
      }
      const found = await lookAt(opened.at(name), path, device, options)
      if (found === null) continue
      yield found
      if (found.kind === 'folder') inner.push(name)
    }
  } finally {
    await opened.close()
  }
  for (const name of inner) {
    try {
      yield* walkFolder(root, [...folder, name], device, options)
    } catch (error) {
      options.signal?.throwIfAborted()
      // Gone, or a link by now: the next look tells.
      if (!isMissing(error)) options.skip([...folder, name].join('/'), 'unreadable')
    }
  }
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
