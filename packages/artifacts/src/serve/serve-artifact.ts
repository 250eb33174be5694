import type { IncomingMessage, ServerResponse } from 'node:http'

import type { DownloadOptions } from './download.js'
import { artifactResponse, sendArtifact, type SentArtifact } from './serve.js'
import { assertKnown, type Names } from '../known-options.js'

/** The file that a request may have: an `Artifact`, an `Upload`, or a key and a name. */
export interface AllowedFile {
  readonly key: string
  readonly name?: string | undefined
}

/** Options of {@link serveArtifact}. */
export interface ServeArtifactOptions<Incoming> extends Omit<
  DownloadOptions,
  'key' | 'name' | 'signal'
> {
  /**
   * Whose request this is, and which file it may have; `null` is answered with 404, as is a file that is not there: who may not have
   * it learns nothing of it. There is no way past this.
   */
  readonly authorize: (request: Incoming) => Promise<AllowedFile | null> | AllowedFile | null
}

/**
 * A handler of web requests that answers with files: GET and HEAD, conditional requests, one byte range, or a redirect to the storage.
 *
 * @throws TypeError without `authorize`.
 * @example
 * const files = serveArtifact({ store, authorize: async (request) => fileOf(await userOf(request), request.url) })
 * app.get('/files/:id', ({ req }) => files(req.raw))
 */
export function serveArtifact(
  options: ServeArtifactOptions<Request>,
): (request: Request) => Promise<Response> {
  const authorize = authorizeOf('`serveArtifact`', options)
  return async (request) => {
    const file = await authorize(request)
    return artifactResponse(request, { ...options, ...fileOf(file), signal: request.signal })
  }
}

/**
 * The same for Node's requests, and so for Express and its like. Rejects when `authorize` or the store fails; the response is then untouched, or
 * destroyed when its headers were out already.
 *
 * @throws TypeError without `authorize`.
 */
export function serveArtifactTo<Incoming extends IncomingMessage>(
  options: ServeArtifactOptions<Incoming>,
): (request: Incoming, response: ServerResponse) => Promise<SentArtifact> {
  const authorize = authorizeOf('`serveArtifactTo`', options)
  return async (request, response) => {
    const file = await authorize(request)
    return sendArtifact(request, response, { ...options, ...fileOf(file) })
  }
}

const names: Names<ServeArtifactOptions<unknown>> = {
  store: true,
  authorize: true,
  redirect: true,
  disposition: true,
  hostPages: true,
  cacheControl: true,
}

function authorizeOf<Incoming>(
  what: string,
  options: ServeArtifactOptions<Incoming>,
): ServeArtifactOptions<Incoming>['authorize'] {
  assertKnown(what, options, names)
  const { authorize } = options
  if (typeof authorize === 'function') return authorize
  throw new TypeError('`authorize` is missing: it decides who may have which file.')
}

function fileOf(file: AllowedFile | null): Pick<DownloadOptions, 'key' | 'name'> {
  return { key: file?.key, name: file?.name }
}
