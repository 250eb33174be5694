import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { mkdir, open, rename, rmdir, unlink, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'

import { assertContained, toTemporaryPath, type ObjectPath } from './paths.js'
import type { MediumCalls, DiskMedium } from './medium.js'
import { placeNew } from './place-new.js'
import { errorCode, isMissing } from '../system-error.js'
import { encodeDescription } from './record.js'
import { ArtifactError } from '../errors.js'
import type { ArtifactKey } from '../store/key.js'
import type { CheckedPut } from '../store/put-options.js'
import { readSource } from '../store/source.js'
import type { ArtifactSource, ArtifactStat } from '../store/store.js'

/** One object to be written. */
export interface DiskWrite {
  readonly root: string
  readonly key: ArtifactKey
  readonly path: ObjectPath
  readonly source: ArtifactSource
  readonly options: CheckedPut
  readonly now: () => number
  readonly calls: MediumCalls
  /** Asked only where something depends on it. */
  readonly medium: () => Promise<DiskMedium>
}

/** Writes beside the target, makes it durable, and only then gives it the target's name. */
export async function writeObject(write: DiskWrite): Promise<ArtifactStat> {
  const { root, path, options } = write
  const { handle, file, made } = await openTemporary(root, path.directory)
  try {
    let stat: ArtifactStat
    try {
      stat = await fill(handle, write)
      await handle.sync()
    } finally {
      await handle.close()
    }
    options.signal?.throwIfAborted()
    if (options.ifAbsent) {
      const { key, calls } = write
      const place = { calls, medium: await write.medium() }
      await placeNew({ key, from: file, to: path.file, signal: options.signal }, place)
    } else await rename(file, path.file)
    await syncUpTo(made === null ? path.directory : dirname(made), path.directory, root)
    return stat
  } catch (error) {
    await removeQuietly(file)
    await pruneEmpty(root, path.directory)
    throw error
  }
}

/** Removes folders that hold nothing any more, from `directory` up to the root. */
export async function pruneEmpty(root: string, directory: string): Promise<void> {
  for (let current = directory; current !== root; current = dirname(current)) {
    try {
      await rmdir(current)
    } catch (error) {
      if (!isMissing(error)) return
    }
  }
}

/** Makes a rename or removal survive a power cut, where the platform can sync a folder. */
export async function syncDirectory(directory: string): Promise<void> {
  let handle: FileHandle | undefined
  try {
    handle = await open(directory, constants.O_RDONLY)
    await handle.sync()
  } catch (error) {
    const code = errorCode(error)
    const isMeaningless =
      isMissing(error) || code === 'EISDIR' || code === 'EPERM' || code === 'EINVAL'
    if (!isMeaningless) throw error
  } finally {
    await handle?.close()
  }
}

/** A folder that was just made is an entry of the one above, and that may be new too. */
async function syncUpTo(top: string, directory: string, root: string): Promise<void> {
  await syncDirectory(directory)
  if (directory !== top && directory !== root) await syncUpTo(top, dirname(directory), root)
}

async function fill(handle: FileHandle, write: DiskWrite): Promise<ArtifactStat> {
  const { contentType, maxBytes, metadata, signal } = write.options
  const digest = createHash('sha256')
  let sizeBytes = 0
  for await (const chunk of readSource(write.source, { maxBytes, signal })) {
    digest.update(chunk)
    await writeAll(handle, chunk)
    sizeBytes += chunk.byteLength
  }
  const stat: ArtifactStat = {
    key: write.key,
    sizeBytes,
    sha256: digest.digest('hex'),
    contentType,
    storedAt: write.now(),
    metadata,
  }
  await writeAll(handle, encodeDescription(stat))
  return stat
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  let written = 0
  while (written < bytes.byteLength) {
    const step = await handle.write(bytes, written, bytes.byteLength - written, null)
    written += step.bytesWritten
  }
}

/** Another call may prune the folder between making it and using it, hence the attempts. */
async function openTemporary(
  root: string,
  directory: string,
): Promise<{ handle: FileHandle; file: string; made: string | null }> {
  let made: string | null = null
  for (let attempt = 1; ; attempt += 1) {
    try {
      made = (await mkdir(directory, { recursive: true, mode: 0o700 })) ?? made
      if (await assertContained(root, directory)) {
        const file = toTemporaryPath(directory)
        return { handle: await open(file, 'wx', 0o600), file, made }
      }
    } catch (error) {
      if (!isMissing(error) || attempt >= 20) throw error
    }
    if (attempt >= 20) {
      throw new ArtifactError('storage_failed', 'The folder of the artifact vanished repeatedly.')
    }
  }
}

/** What is left after a failure is a temporary file that `removeStale` finds later. */
async function removeQuietly(file: string): Promise<void> {
  await unlink(file).catch(() => {})
}
