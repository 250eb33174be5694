import type { Stats } from 'node:fs'
import { link, lstat, open, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

import { errorCode, isMissing } from '../system-error.js'
import { toTemporaryPath } from './paths.js'

/** What a file system under a store can do. */
export interface DiskMedium {
  /** Whether a file may have two names, and a name that is taken is refused; not so on exFAT and many mounts. */
  readonly hasHardLinks: boolean
  /** Whether a file can be made only where there is none. Without that no `put` with `ifAbsent` can be right: it fails with `unsupported`. */
  readonly hasExclusiveFiles: boolean
  /** Whether `a` and `A` are two names. Keys stay apart either way. */
  readonly isCaseSensitive: boolean
  /** Whether files keep the permissions that they are made with. If not, whoever may enter the folder may read them. */
  readonly hasPermissions: boolean
}

/** The calls that not every medium has, or keeps its word in. A seam, so that a test can be such a medium. */
export interface MediumCalls {
  /** Gives a file a second name; fails with `EEXIST` when that is taken. */
  readonly link: (from: string, to: string) => Promise<void>
  /** Makes an empty file for its owner alone; fails with `EEXIST` when there is one. */
  readonly create: (path: string) => Promise<void>
  readonly lstat: (path: string) => Promise<Stats>
}

export const nodeMedium: MediumCalls = {
  link: async (from, to) => link(from, to),
  create: async (path) => (await open(path, 'wx', 0o600)).close(),
  lstat: async (path) => lstat(path),
}

/** What file systems say that have no hard links, and some network ones that only pretend to. */
const linkless = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL', 'EMLINK', 'EIO'])

/** Tries it out in a folder, and leaves nothing there. */
export async function probeMedium(folder: string, calls: MediumCalls): Promise<DiskMedium> {
  const one = toTemporaryPath(folder)
  const other = toTemporaryPath(folder)
  await calls.create(one)
  try {
    const { mode } = await calls.lstat(one)
    return {
      hasHardLinks: await hasHardLinks(one, other, calls),
      hasExclusiveFiles: await isRefused(() => calls.create(one)),
      isCaseSensitive: !(await exists(join(dirname(one), basename(one).toUpperCase()), calls)),
      hasPermissions: (mode & 0o777) === 0o600,
    }
  } finally {
    // What is left after a failure is a temporary file that `removeStale` finds later.
    await unlink(one).catch(() => {})
    await unlink(other).catch(() => {})
  }
}

/** A copy that is called a link would do; one that takes the place of another file would not. */
async function hasHardLinks(one: string, other: string, calls: MediumCalls): Promise<boolean> {
  try {
    await calls.link(one, other)
  } catch (error) {
    if (linkless.has(errorCode(error) ?? '')) return false
    throw error
  }
  return (await exists(other, calls)) && (await isRefused(() => calls.link(one, other)))
}

async function isRefused(call: () => Promise<void>): Promise<boolean> {
  try {
    await call()
    return false
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return true
    throw error
  }
}

/** Whether there is anything under a path, of whatever kind. */
export async function exists(path: string, calls: MediumCalls): Promise<boolean> {
  try {
    await calls.lstat(path)
    return true
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}
