import { constants, createReadStream, read } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { callbackify } from 'node:util'

import { resolveRange } from '../store/byte-range.js'
import { assertContained, type ObjectPath } from './paths.js'
import { errorCode, isMissing } from '../system-error.js'
import { readDescription } from './record.js'
import { ArtifactError } from '../errors.js'
import type { ArtifactKey } from '../store/key.js'
import type { ArtifactStat, ByteRange } from '../store/store.js'

/** Four times Node's own: fewer calls for the same bytes. */
const pieceBytes = 262_144

export async function readStat(
  realRoot: string,
  path: ObjectPath,
  key: ArtifactKey,
): Promise<ArtifactStat | null> {
  const handle = await openObject(realRoot, path)
  if (handle === null) return null
  try {
    return await readDescription(handle, key)
  } finally {
    await handle.close()
  }
}

/** NOFOLLOW and NONBLOCK: a link or pipe put in the object's place can neither redirect nor hang. */
export async function openObject(realRoot: string, path: ObjectPath): Promise<FileHandle | null> {
  if (!(await assertContained(realRoot, path.directory))) return null
  try {
    const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants
    return await open(path.file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  } catch (error) {
    if (isMissing(error)) return null
    if (errorCode(error) !== 'ELOOP') throw error
    throw new ArtifactError('unsafe_path', 'A file of the store is a symbolic link.', {
      cause: error,
    })
  }
}

/** The stream owns the descriptor, so the bytes stay those of `stat` even when the object is replaced. */
export async function openBody(
  handle: FileHandle,
  stat: ArtifactStat,
  range: ByteRange | undefined,
): Promise<Readable> {
  const { start, end } =
    range === undefined
      ? { start: 0, end: stat.sizeBytes - 1 }
      : resolveRange(range, stat.sizeBytes)
  if (stat.sizeBytes === 0) {
    await handle.close()
    return Readable.from([], { objectMode: false })
  }
  // By the descriptor: a stream of the handle's own takes twice the time for each piece.
  return createReadStream('', {
    fd: handle.fd,
    fs: { read, close: (_fd, done) => callbackify(() => handle.close())(done) },
    ...{ start, end, highWaterMark: pieceBytes },
  })
}

export async function closingOnError<Result>(
  handle: FileHandle,
  body: () => Promise<Result>,
): Promise<Result> {
  try {
    return await body()
  } catch (error) {
    await handle.close()
    throw error
  }
}

export async function refuseTaken(
  realRoot: string,
  path: ObjectPath,
  key: ArtifactKey,
): Promise<void> {
  const handle = await openObject(realRoot, path)
  if (handle === null) return
  await handle.close()
  throw new ArtifactError('already_exists', `There is already an artifact ${key}.`)
}
