import { lstat, open, rename, unlink } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

import { ArtifactError } from '../errors.js'
import type { ArtifactKey } from '../store/key.js'
import { errorCode, isMissing } from '../system-error.js'
import { toClaimPath } from './paths.js'

/** Gives a file a second name; fails with `EEXIST` when that is taken. */
export type Link = (from: string, to: string) => Promise<void>

/** A whole file that waits for its name. */
export interface NewFile {
  readonly key: ArtifactKey
  /** Where it is now. */
  readonly from: string
  /** The name that it gets unless something has it. */
  readonly to: string
  readonly signal: AbortSignal | undefined
}

/** What file systems say that have no hard links, and some network ones that only pretend to. */
const unsupported = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL', 'EMLINK', 'EIO'])
/** A claim is held for two calls of the file system; an older one is of a process that was killed. */
const staleAfterMs = 30_000
const waitMs = 10

/**
 * Gives a file its name, or fails with `already_exists`. A link refuses a name that is taken, and a rename would
 * replace it; without links a claim beside the name keeps other writers away meanwhile.
 */
export async function placeNew(file: NewFile, link: Link): Promise<void> {
  try {
    await link(file.from, file.to)
  } catch (error) {
    const code = errorCode(error)
    if (code === 'EEXIST') throw taken(file, error)
    if (code === undefined || !unsupported.has(code)) throw error
    await renameUnderClaim(file)
    return
  }
  // What is left after a failure is a temporary file that `removeStale` finds later.
  await unlink(file.from).catch(() => {})
}

async function renameUnderClaim(file: NewFile): Promise<void> {
  const claim = toClaimPath(file.to)
  while (!(await takeClaim(claim))) {
    file.signal?.throwIfAborted()
    await sleep(waitMs)
  }
  try {
    if (await exists(file.to)) throw taken(file)
    await rename(file.from, file.to)
  } finally {
    await unlink(claim).catch(() => {})
  }
}

async function takeClaim(claim: string): Promise<boolean> {
  try {
    await (await open(claim, 'wx', 0o600)).close()
    return true
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error
  }
  try {
    if (Date.now() - (await lstat(claim)).mtimeMs > staleAfterMs) await unlink(claim)
  } catch (error) {
    if (!isMissing(error)) throw error
  }
  return false
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

function taken({ key }: NewFile, cause?: unknown): ArtifactError {
  const details = cause === undefined ? {} : { cause }
  return new ArtifactError('already_exists', `There is already an artifact ${key}.`, details)
}
