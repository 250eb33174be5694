import type { Bucket } from '@google-cloud/storage'
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'

import type { Clock } from '../clock.js'
import { ArtifactError } from '../errors.js'
import type { ResolvedRange } from '../store/byte-range.js'
import type { ArtifactStat } from '../store/store.js'
import { statusOf, toStorageError } from './errors.js'

/** One version of an object, or a part of it. */
export interface Download {
  readonly bucket: Bucket
  readonly clock: Clock
  readonly name: string
  readonly generation: string
  readonly stat: ArtifactStat
  readonly part: ResolvedRange | null
}

/** An answer of the bucket that is none. */
class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly status: number
  constructor(status: number) {
    super(`The bucket answered with ${status}.`)
    this.status = status
  }
}

/** What `fetch` throws of a network is a TypeError, as of a caller's mistake. */
class Unreachable extends Error {
  override readonly name = 'Unreachable'
  constructor(cause: unknown) {
    super('The connection to the bucket failed.', { cause })
  }
}

/**
 * Opens the bytes and gives them as a stream that goes on at the byte where a connection broke off, and checks a whole object by its
 * digest. Not by the client's own `createReadStream`: when one of its readers leaves, it destroys the sockets of all
 * others, and of a body that breaks off it never says so.
 */
export async function openDownload(download: Download): Promise<Readable> {
  const { stat, part } = download
  const { start, end } = part ?? { start: 0, end: stat.sizeBytes - 1 }
  if (end < start) return Readable.from([], { objectMode: false })
  const stop = new AbortController()
  const first = await openPatiently(download, { start, end }, stop.signal)
  const body = Readable.from(read(download, first, { start, end }, stop.signal), {
    objectMode: false,
  })
  body.once('close', () => stop.abort())
  return body
}

async function* read(
  download: Download,
  first: Response,
  { start, end }: ResolvedRange,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const { stat, part } = download
  const digest = part === null ? createHash('sha256') : null
  let response = first
  let position = start
  for (let failures = 0; ;) {
    const before = position
    try {
      for await (const chunk of response.body ?? []) {
        position += chunk.byteLength
        digest?.update(chunk)
        yield chunk
      }
      if (position > end) break
      throw new Error('The bucket sent fewer bytes than it has.')
    } catch (error) {
      if (signal.aborted) throw error
      failures = position > before ? 0 : failures + 1
      if (failures > maxRetriesOf(download)) throw toStorageError(new Unreachable(error))
    }
    try {
      response = await openPatiently(download, { start: position, end }, signal)
    } catch (error) {
      // Of another version by now, or gone: there is no rest of it.
      throw signal.aborted ? error : toStorageError(error)
    }
  }
  if (position !== end + 1 || (digest !== null && digest.digest('hex') !== stat.sha256)) {
    const message = `The bucket sent other bytes of ${stat.key} than were stored.`
    throw new ArtifactError('storage_failed', message)
  }
}

/** Reading changes nothing, so it may be repeated. */
async function openPatiently(
  download: Download,
  range: ResolvedRange,
  signal: AbortSignal,
): Promise<Response> {
  const { retryDelayMultiplier = 2, maxRetryDelay = 64 } = download.bucket.storage.retryOptions
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await open(download, range, signal)
    } catch (error) {
      const status = statusOf(error)
      const isPassing = status === null || status === 408 || status === 429 || status >= 500
      if (signal.aborted || !isPassing || attempt >= maxRetriesOf(download)) {
        throw status === 404 ? error : toStorageError(error)
      }
      const seconds = Math.min(maxRetryDelay, retryDelayMultiplier ** attempt)
      await download.clock.sleep(seconds * 1000, { signal })
    }
  }
}

async function open(
  { bucket, name, generation, stat, part }: Download,
  { start, end }: ResolvedRange,
  signal: AbortSignal,
): Promise<Response> {
  const { storage, userProject } = bucket
  const url = new URL(
    `${storage.apiEndpoint}/storage/v1/b/${bucket.name}/o/${encodeURIComponent(name)}`,
  )
  url.search = new URLSearchParams({ alt: 'media', generation }).toString()
  if (userProject !== undefined) url.searchParams.set('userProject', userProject)
  const headers = await authorization(bucket, url)
  headers.set('accept-encoding', 'identity')
  const isWhole = part === null && start === 0 && end === stat.sizeBytes - 1
  if (!isWhole) headers.set('range', `bytes=${start}-${end}`)
  const response = await fetch(url, { headers, signal }).catch((error: unknown) => {
    throw new Unreachable(error)
  })
  if (response.status === (isWhole ? 200 : 206)) return response
  await response.body?.cancel()
  throw new Refusal(response.status)
}

/** An endpoint of the host's own is asked without credentials, as the client does. */
async function authorization({ storage }: Bucket, url: URL): Promise<Headers> {
  if (storage.customEndpoint && storage.useAuthWithCustomEndpoint !== true) return new Headers()
  return new Headers(await storage.authClient.getRequestHeaders(url.origin))
}

function maxRetriesOf({ bucket }: Download): number {
  const { autoRetry = true, maxRetries = 3 } = bucket.storage.retryOptions
  return autoRetry ? maxRetries : 0
}
