import { rename, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { ArtifactError } from '../errors.js'
import type { ArtifactKey } from '../store/key.js'
import { errorCode, isMissing } from '../system-error.js'
import { type DiskMedium, exists, type MediumCalls } from './medium.js'
import { toClaimPath, toTemporaryPath } from './paths.js'

/** A whole file that waits for its name. */
export interface NewFile {
  readonly key: ArtifactKey
  /** Where it is now. */
  readonly from: string
  /** The name that it gets unless something has it. */
  readonly to: string
  readonly signal: AbortSignal | undefined
}

/** Where it is placed. */
export interface Place {
  readonly medium: Pick<DiskMedium, 'hasHardLinks' | 'hasExclusiveFiles'>
  readonly calls: MediumCalls
}

/** A claim is held for two calls of the file system; an older one is of a process that was killed. */
const staleAfterMs = 30_000
const waitMs = 10

/**
 * Gives a file its name, or fails with `already_exists`. A link refuses a name that is taken, and a rename would
 * replace it; without links a claim beside the name keeps other writers away meanwhile.
 */
export async function placeNew(file: NewFile, { medium, calls }: Place): Promise<void> {
  if (!medium.hasHardLinks) {
    if (medium.hasExclusiveFiles) return renameUnderClaim(file, calls)
    const message = 'This file system can neither link nor make a file only where there is none.'
    throw new ArtifactError('unsupported', message)
  }
  try {
    await calls.link(file.from, file.to)
  } catch (error) {
    throw errorCode(error) === 'EEXIST' ? taken(file, error) : error
  }
  // What is left after a failure is a temporary file that `removeStale` finds later.
  await unlink(file.from).catch(() => {})
}

async function renameUnderClaim(file: NewFile, calls: MediumCalls): Promise<void> {
  const claim = toClaimPath(file.to)
  while (!(await tryCreate(claim, calls))) {
    file.signal?.throwIfAborted()
    await removeStaleClaim(claim, calls)
    await sleep(waitMs)
  }
  try {
    if (await exists(file.to, calls)) throw taken(file)
    await rename(file.from, file.to)
  } finally {
    await unlink(claim).catch(() => {})
  }
}

/**
 * Removes a claim that outlived its process. Under a claim of its own: of two that saw it, the second must not remove the one that
 * somebody has taken since.
 */
async function removeStaleClaim(claim: string, calls: MediumCalls): Promise<void> {
  if (!(await isStale(claim, calls))) return
  const right = toClaimPath(claim)
  if (!(await tryCreate(right, calls))) return
  try {
    if (await isStale(claim, calls)) await unlink(claim)
  } catch (error) {
    if (!isMissing(error)) throw error
  } finally {
    await unlink(right).catch(() => {})
  }
}

/** By the clock of the medium, which may be another machine's. */
async function isStale(claim: string, calls: MediumCalls): Promise<boolean> {
  const probe = toTemporaryPath(dirname(claim))
  try {
    const { mtimeMs } = await calls.lstat(claim)
    await calls.create(probe)
    return (await calls.lstat(probe)).mtimeMs - mtimeMs > staleAfterMs
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  } finally {
    await unlink(probe).catch(() => {})
  }
}

async function tryCreate(path: string, calls: MediumCalls): Promise<boolean> {
  try {
    await calls.create(path)
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    throw error
  }
}

function taken({ key }: NewFile, cause?: unknown): ArtifactError {
  const details = cause === undefined ? {} : { cause }
  return new ArtifactError('already_exists', `There is already an artifact ${key}.`, details)
}
