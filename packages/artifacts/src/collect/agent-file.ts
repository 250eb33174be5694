import type { FileHandle } from 'node:fs/promises'

import { limitTime, untilAbort } from '../abort.js'
import type { ArtifactSourceKind } from '../catalog/artifact.js'
import type { Clock } from '../clock.js'
import { Drop } from '../directory/drop-reason.js'
import { errorCode } from '../system-error.js'
import { readSource } from '../store/source.js'

/** A file of the agent's that can be read more than once. */
export interface AgentFile {
  readonly source: ArtifactSourceKind
  /** Its bytes, from the start; throws a Drop for more than `maxBytes`. */
  read(): AsyncIterable<Uint8Array>
  close(): Promise<void>
}

/** What a {@link RemoteReader} answers with; a `Response` of `fetch` fits. */
export interface RemoteFile {
  /** The file's bytes, exactly; `null` for none. */
  readonly body: AsyncIterable<Uint8Array> | null
  /** When it was last changed, in milliseconds since the Unix epoch, where that is known. */
  readonly modifiedAt?: number | null | undefined
}

/** Reads the agent's files where there is no shared disk; `client.fs` of `@turnstead/wire` fits. */
export interface RemoteReader {
  /** Opens a file by its path below the agent's directory; rejects when it is missing. */
  read(path: string, options: { signal?: AbortSignal }): Promise<RemoteFile>
  /**
   * The paths in a folder, relative to the agent's directory as the folder's own is; `''` is the directory. Rejects for what is no
   * folder. Where it is given, a file that cannot be read and is not listed is known to be gone: what the model passed to
   * `write` is not kept in its place.
   */
  list?(folder: string, options: { signal?: AbortSignal }): Promise<readonly RemoteEntry[]>
}

/** Something in a folder; one that the server lists fits. */
export interface RemoteEntry {
  /** Path below the agent's directory; a folder's may end with `/`. */
  readonly path: string
}

/** A reader that refuses at once after so many of its reads ran out of time before they had opened a file. */
export function givingUp(reader: RemoteReader, maxTimeouts: number): RemoteReader {
  let timeouts = 0
  return {
    ...(reader.list === undefined ? {} : { list: reader.list.bind(reader) }),
    async read(path, options) {
      if (timeouts >= maxTimeouts)
        throw new Error('The server answers no reads; see earlier files.')
      const onAbort = (): void => void (timeouts += 1)
      options.signal?.addEventListener('abort', onAbort, { once: true })
      try {
        return await reader.read(path, options)
      } catch (error) {
        if (options.signal?.aborted !== true && isTimeout(error)) timeouts += 1
        throw error
      } finally {
        options.signal?.removeEventListener('abort', onAbort)
      }
    },
  }
}

/** The reader's own time limit may be the shorter one; `WireError` says so by its code. */
function isTimeout(error: unknown): boolean {
  return errorCode(error) === 'timeout'
}

/** Limits of reading one file. */
export interface AgentFileLimits {
  readonly maxBytes: number
  readonly timeoutMs: number
  readonly clock: Clock
  readonly signal: AbortSignal | undefined
  /** What was changed after this moment is refused; null for no such moment. */
  readonly settledAt: number | null
  /** What was not changed since this moment is refused; null for no such moment. */
  readonly since: number | null
}

const chunkBytes = 65_536

/** Takes over the descriptor. */
export function diskFile(handle: FileHandle, limits: AgentFileLimits): AgentFile {
  return {
    source: 'disk',
    read: () => readHandle(handle, limits),
    close: async () => handle.close(),
  }
}

export function serverFile(reader: RemoteReader, path: string, limits: AgentFileLimits): AgentFile {
  return { source: 'server', read: () => readRemote(reader, path, limits), close: async () => {} }
}

export function toolInputFile(content: string, limits: AgentFileLimits): AgentFile {
  return {
    source: 'tool-input',
    read: async function* () {
      const bytes = Buffer.from(content)
      if (bytes.byteLength > limits.maxBytes) throw new Drop('too_large')
      yield bytes
    },
    close: async () => {},
  }
}

/** Reads at most one byte more than allowed, and refuses bytes that changed underneath. */
async function* readHandle(
  handle: FileHandle,
  { maxBytes, signal, settledAt, since }: AgentFileLimits,
): AsyncGenerator<Uint8Array> {
  const before = await handle.stat({ bigint: true })
  // Not the time of the content: whoever may write the file may also set that.
  const changedAt = Number(before.ctimeNs / 1_000_000n)
  refuseLater(changedAt, settledAt)
  if (since !== null && changedAt < since) throw new Drop('not_in_turn')
  if (before.size > BigInt(Number.isFinite(maxBytes) ? maxBytes : Number.MAX_SAFE_INTEGER)) {
    throw new Drop('too_large')
  }
  let position = 0
  for (;;) {
    signal?.throwIfAborted()
    const length = Math.min(chunkBytes, maxBytes + 1 - position)
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(length), 0, length, position)
    if (bytesRead === 0) break
    position += bytesRead
    if (position > maxBytes) throw new Drop('too_large')
    yield buffer.subarray(0, bytesRead)
  }
  const after = await handle.stat({ bigint: true })
  const isSame =
    after.size === BigInt(position) &&
    after.size === before.size &&
    after.mtimeNs === before.mtimeNs &&
    after.ctimeNs === before.ctimeNs
  if (!isSame) throw new Drop('changing')
}

/** One budget covers the whole read: opening it and every byte. */
async function* readRemote(
  reader: RemoteReader,
  path: string,
  { maxBytes, timeoutMs, clock, signal, settledAt, since }: AgentFileLimits,
): AsyncGenerator<Uint8Array> {
  signal?.throwIfAborted()
  const limit = limitTime(clock, { ms: timeoutMs, signal, what: 'The file did not arrive' })
  try {
    const options = { signal: limit.signal }
    const file = await openRemote(reader, path, limit.signal)
    refuseLater(file.modifiedAt ?? Infinity, settledAt)
    if (since !== null && !((file.modifiedAt ?? -Infinity) >= since)) throw new Drop('not_in_turn')
    const { body } = file
    if (body === null) return
    let total = 0
    for await (const chunk of readSource(body, { ...options, maxBytes: Infinity })) {
      total += chunk.byteLength
      if (total > maxBytes) throw new Drop('too_large')
      yield chunk
    }
  } finally {
    limit.end()
  }
}

async function openRemote(
  reader: RemoteReader,
  path: string,
  signal: AbortSignal,
): Promise<RemoteFile> {
  try {
    return await untilAbort(signal, async () => reader.read(path, { signal }))
  } catch (error) {
    signal.throwIfAborted()
    if (await isGone(reader, path, signal)) throw new Drop('missing', { cause: error })
    throw error
  }
}

/** Whether the listing of the nearest folder that is there does not have it. */
async function isGone(reader: RemoteReader, path: string, signal: AbortSignal): Promise<boolean> {
  if (reader.list === undefined) return false
  const list = reader.list.bind(reader)
  const segments = path.split('/')
  for (let length = segments.length - 1; length >= 0; length -= 1) {
    const folder = segments.slice(0, length).join('/')
    const below = segments.slice(0, length + 1).join('/')
    const entries = await untilAbort(signal, async () => list(folder, { signal })).catch(() => null)
    signal.throwIfAborted()
    if (entries !== null) return !entries.some((entry) => entry.path.replace(/\/$/, '') === below)
  }
  return false
}

/** Bytes that were written after the turn are not the turn's. */
function refuseLater(changedAt: number, settledAt: number | null): void {
  if (settledAt !== null && changedAt > settledAt) throw new Drop('changed_later')
}
