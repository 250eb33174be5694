import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'

import { openUntilAbort } from '../abort.js'
import {
  openDownload,
  type Download,
  type DownloadOptions,
  type DownloadRequest,
} from './download.js'
import { watchLeaving } from './leaving.js'
import { toWebStream } from './web-stream.js'

/** How a download ended. */
export interface SentArtifact {
  /** Status of the answer: 200, 206, 302, 304, 404, 405 or 416; 0 when the other side went away before there was one. */
  readonly status: number
  /** False when the other side went away before the last byte. */
  readonly isComplete: boolean
}

/**
 * Answers a Node request with a stored object: GET and HEAD, conditional requests, one byte range. Decide
 * before calling it whether this person may have this object. Rejects when the store fails; the response
 * is then untouched, or destroyed when its headers were out already.
 *
 * @example
 * createServer((request, response) => {
 *   sendArtifact(request, response, { store, key: artifact.key }).catch(() => response.destroy())
 * })
 */
export async function sendArtifact(
  request: IncomingMessage,
  response: ServerResponse,
  options: DownloadOptions,
): Promise<SentArtifact> {
  const leaving = watchLeaving(response, options.signal)
  try {
    const download = await open(request, { ...options, signal: leaving.signal })
    leaving.begin()
    return await send(response, download)
  } catch (error) {
    if (leaving.hasLeft()) return { status: 0, isComplete: false }
    throw error
  } finally {
    leaving.end()
  }
}

async function open(request: IncomingMessage, options: DownloadOptions): Promise<Download> {
  const { method = 'GET', headers } = request
  const header: DownloadRequest['header'] = (name) => {
    const value = headers[name]
    return Array.isArray(value) ? value.join(', ') : value
  }
  return openUntilAbort(
    options.signal,
    () => openDownload({ method, header }, options),
    ({ artifact }) => artifact?.body.destroy(),
  )
}

async function send(
  response: ServerResponse,
  { status, headers, artifact }: Download,
): Promise<SentArtifact> {
  if (artifact === null) {
    response.writeHead(status, headers).end()
    return { status, isComplete: true }
  }
  try {
    response.writeHead(status, headers)
  } catch (error) {
    artifact.body.destroy()
    throw error
  }
  try {
    await pipeline(artifact.body, response)
    return { status, isComplete: true }
  } catch (error) {
    const { errored } = artifact.body
    // Node 24 leaves the source open when the response was gone before the first byte.
    artifact.body.destroy()
    if (errored === null || isPrematureClose(errored)) return { status, isComplete: false }
    throw error
  }
}

/**
 * The same as {@link sendArtifact} for servers that answer with a web `Response`.
 *
 * @example
 * app.get('/files/:id', ({ req }) => artifactResponse(req.raw, { store, key }))
 */
export async function artifactResponse(
  request: Request,
  options: DownloadOptions,
): Promise<Response> {
  const {
    status,
    headers: given,
    artifact,
  } = await openDownload(
    { method: request.method, header: (name) => request.headers.get(name) ?? undefined },
    options,
  )
  try {
    // Made here, since a framework's own `Response` (Hono puts one into the global) looks at them when it is sent.
    const headers = new Headers(given)
    const body = artifact === null ? null : toWebStream(artifact.body)
    return new Response(body, { status, headers })
  } catch (error) {
    artifact?.body.destroy()
    throw error
  }
}

function isPrematureClose(error: Error): boolean {
  return 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE'
}
