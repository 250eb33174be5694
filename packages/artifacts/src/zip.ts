/**
 * The files of a turn or a conversation as one archive.
 *
 * ```ts
 * const { body } = zipArtifacts({ store, files: artifacts.listConversation('c1') })
 * await pipeline(body, response)
 * ```
 */
import { PassThrough, type Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { ZipFile } from 'yazl'

import { openUntilAbort, untilAbort } from './abort.js'
import { contentDisposition } from './serve/content-disposition.js'
import { parseArtifactKey } from './store/key.js'
import type { ArtifactStore, StoreCallOptions } from './store/store.js'
import { createEntryNames } from './zip/entry-names.js'

/** A file for an archive; an `Artifact` fits. */
export interface ZippedFile {
  readonly key: string
  /** Where it belongs in the archive; made safe, and another one where it is taken. */
  readonly path: string
  /** Its time in the archive, in milliseconds since the Unix epoch. */
  readonly storedAt: number
}

/** Options of {@link zipArtifacts}. */
export interface ZipOptions extends StoreCallOptions {
  /** Where the bytes are. */
  readonly store: ArtifactStore
  /** The files, in the order of the archive; `artifacts.list(turnId)` fits. */
  readonly files: AsyncIterable<ZippedFile> | Iterable<ZippedFile>
  /** Whether to compress. Costs the processor, and gains nothing for pictures and films. Default: true. */
  readonly compress?: boolean | undefined
}

/** What became of an archive. */
export interface ZipReport {
  /** Files in it. */
  readonly files: number
  /** Paths of those that the store no longer has; they are listed in `missing-files.txt` in the archive, too. */
  readonly missing: readonly string[]
}

/** An archive under way. */
export interface Zip {
  /** Its bytes; read it to the end or destroy it. */
  readonly body: Readable
  /** Settles when it ends; rejects as `body` does when a store fails in the middle, or when it is destroyed before. */
  readonly report: Promise<ZipReport>
}

const noteName = 'missing-files.txt'

/**
 * Makes an archive as it is read: one file is open at a time, whatever the number and size of them. Larger than 4 GiB it is a ZIP64 one.
 */
export function zipArtifacts(options: ZipOptions): Zip {
  const body = new PassThrough()
  const report = write(options, body)
  // Readers of the body learn of it, too; before the first of them it must not become an uncaught exception.
  body.on('error', () => {})
  report.catch((error: unknown) => body.destroy(toError(error)))
  return { body, report }
}

/** Headers for an archive that is downloaded under this name. */
export function zipHeaders(name: string): Record<string, string> {
  return {
    'content-type': 'application/zip',
    'content-disposition': contentDisposition('attachment', name),
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store, no-transform',
  }
}

async function write(options: ZipOptions, body: PassThrough): Promise<ZipReport> {
  const { store, files, compress = true, signal } = options
  const toName = createEntryNames()
  const note = toName(noteName)
  const zip = new ZipFile()
  const stop = new AbortController()
  const onAbort = (): void => stop.abort(signal?.reason)
  if (signal?.aborted === true) onAbort()
  signal?.addEventListener('abort', onAbort, { once: true })
  zip.outputStream.pipe(body)
  const failed = new Promise<never>((_resolve, reject) => {
    zip.on('error', reject)
    body.once('close', () => {
      if (!body.writableFinished) stop.abort(new Error('The reader of the archive left.'))
    })
    stop.signal.addEventListener('abort', () => reject(stop.signal.reason), { once: true })
  })
  failed.catch(() => {})
  const missing: string[] = []
  let count = 0
  try {
    for await (const { key, path, storedAt } of untilStopped(files, stop.signal)) {
      const found = await openUntilAbort(
        stop.signal,
        async () => store.get(parseArtifactKey(key), { signal: stop.signal }),
        (late) => late?.body.destroy(),
      )
      if (found === null) {
        missing.push(path)
        continue
      }
      zip.addReadStream(found.body, toName(path), { compress, mtime: new Date(storedAt) })
      try {
        await Promise.race([finished(found.body, { writable: false }), failed])
      } finally {
        found.body.destroy()
      }
      count += 1
    }
    if (missing.length > 0) zip.addBuffer(Buffer.from(`${missing.join('\n')}\n`), note)
    zip.end()
    await Promise.race([finished(body, { readable: false }), failed])
    return { files: count, missing }
  } finally {
    signal?.removeEventListener('abort', onAbort)
  }
}

/** What does not answer must hold nobody who stopped; and it is not waited for when it is left. */
async function* untilStopped(
  files: ZipOptions['files'],
  signal: AbortSignal,
): AsyncGenerator<ZippedFile> {
  const iterator =
    Symbol.asyncIterator in files ? files[Symbol.asyncIterator]() : files[Symbol.iterator]()
  let isDone = false
  try {
    for (;;) {
      const step = await untilAbort(signal, async () => iterator.next())
      if (step.done === true) {
        isDone = true
        return
      }
      yield step.value
    }
  } finally {
    if (!isDone) Promise.resolve(iterator.return?.()).catch(() => {})
  }
}

function toError(value: unknown): Error {
  return value instanceof Error ? value : new Error('The archive was stopped.', { cause: value })
}
