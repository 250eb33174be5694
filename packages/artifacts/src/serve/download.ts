import { pageType } from '../catalog/artifact.js'
import { artifactHeaders, entityTag, type ArtifactHeadersOptions } from './headers.js'
import { parseRangeHeader, type ResolvedRange } from '../store/byte-range.js'
import { ArtifactError } from '../errors.js'
import { isArtifactKey } from '../store/key.js'
import type { ArtifactStat, ArtifactStore, StoredArtifact } from '../store/store.js'

/** The parts of a request that decide the answer. */
export interface DownloadRequest {
  readonly method: string
  readonly header: (name: 'if-none-match' | 'if-range' | 'range') => string | undefined
}

/** When to send a browser to the storage itself. */
export interface RedirectOptions {
  /** How long the address works, in milliseconds. */
  readonly expiresInMs: number
  /** Only objects of at least so many bytes. Default: 0. */
  readonly fromBytes?: number | undefined
}

/** Which object to answer with. */
export interface DownloadOptions extends ArtifactHeadersOptions {
  /** Where the object is. */
  readonly store: ArtifactStore
  /** Its key; may come straight from a URL. Anything that is no key, also `null` and `undefined`, is answered with 404. */
  readonly key: string | null | undefined
  /**
   * Sends the browser to an address of the storage's own, where the store can sign one (`sign-url`) and the object is large enough; the
   * address answers as a download and works this long. Default: everything goes through this process.
   */
  readonly redirect?: RedirectOptions | undefined
  /** Stops the download; the call rejects with `signal.reason`. */
  readonly signal?: AbortSignal | undefined
}

/** An answer, decided; `artifact` is open and must be read or destroyed. */
export interface Download {
  readonly status: 200 | 206 | 302 | 304 | 404 | 405 | 416
  readonly headers: Record<string, string>
  readonly artifact: StoredArtifact | null
}

/** Opens what a request asks for. */
export async function openDownload(
  request: DownloadRequest,
  options: DownloadOptions,
): Promise<Download> {
  const { store, key, signal } = options
  const isHead = request.method === 'HEAD'
  if (!isHead && request.method !== 'GET') return refusal(405, { allow: 'GET, HEAD' })
  if (!isArtifactKey(key)) return refusal(404)
  const stat = await store.stat(key, { signal })
  if (stat === null) return refusal(404)
  const headers = artifactHeaders(stat, options)
  if (!store.capabilities.includes('range')) headers['accept-ranges'] = 'none'
  const tag = entityTag(stat)
  if (matchesTag(request.header('if-none-match'), tag)) {
    const { 'content-length': _length, 'content-type': _type, ...kept } = headers
    return { status: 304, headers: kept, artifact: null }
  }
  const location = isHead ? null : await signedAddress(options, stat, headers)
  if (location !== null) {
    // Whoever has the address has the file, so it is kept nowhere.
    const kept = { 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' }
    return { status: 302, headers: { location, 'content-length': '0', ...kept }, artifact: null }
  }
  const range = isHead ? null : requestedRange(request, tag, stat.sizeBytes, store)
  if (range === 'unsatisfiable') {
    return refusal(416, { 'content-range': `bytes */${stat.sizeBytes}` })
  }
  if (isHead) return { status: 200, headers, artifact: null }
  const artifact = await openVersion(options, stat.sha256, range)
  if (artifact === null) return refusal(404)
  if (range === null) return { status: 200, headers, artifact }
  headers['content-length'] = String(range.end - range.start + 1)
  headers['content-range'] = `bytes ${range.start}-${range.end}/${stat.sizeBytes}`
  return { status: 206, headers, artifact }
}

async function signedAddress(
  { store, redirect, signal }: DownloadOptions,
  { key, sizeBytes }: ArtifactStat,
  headers: Readonly<Record<string, string>>,
): Promise<string | null> {
  if (redirect === undefined || store.signUrl === undefined) return null
  if (sizeBytes < (redirect.fromBytes ?? 0)) return null
  // The storage sends no policy with the page.
  if (headers['content-type'] === pageType) return null
  return store.signUrl(key, {
    expiresInMs: redirect.expiresInMs,
    contentDisposition: headers['content-disposition'],
    contentType: headers['content-type'],
    signal,
  })
}

/** Headers were made from one version of the object, so the bytes must be of that version too. */
async function openVersion(
  options: DownloadOptions,
  sha256: string,
  range: ResolvedRange | null,
): Promise<StoredArtifact | null> {
  const { store, key, signal } = options
  if (!isArtifactKey(key)) return null
  const artifact = await store.get(key, range === null ? { signal } : { range, signal })
  if (artifact === null || artifact.stat.sha256 === sha256) return artifact
  artifact.body.destroy()
  throw new ArtifactError('storage_failed', `Artifact ${key} was replaced while it was opened.`)
}

function requestedRange(
  request: DownloadRequest,
  tag: string,
  sizeBytes: number,
  store: ArtifactStore,
): ResolvedRange | 'unsatisfiable' | null {
  if (!store.capabilities.includes('range')) return null
  const ifRange = request.header('if-range')
  if (ifRange !== undefined && ifRange !== tag) return null
  return parseRangeHeader(request.header('range'), sizeBytes)
}

/** RFC 9110 8.8.3.2: If-None-Match compares weakly. */
function matchesTag(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false
  if (header.trim() === '*') return true
  return header.split(',').some((candidate) => candidate.trim().replace(/^W\//, '') === tag)
}

function refusal(status: 404 | 405 | 416, headers: Record<string, string> = {}): Download {
  const always = { 'content-length': '0', 'x-content-type-options': 'nosniff' }
  return { status, headers: { ...always, 'cache-control': 'no-store', ...headers }, artifact: null }
}
