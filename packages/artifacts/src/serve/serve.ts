import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'

import { openDownload, type DownloadOptions } from './download.js'
import { toWebStream } from './web-stream.js'

/** How a download ended. */
export interface SentArtifact {
  /** Status of the answer: 200, 206, 302, 304, 404, 405 or 416. */
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
  const { status, headers, artifact } = await openDownload(
    {
      method: request.method ?? 'GET',
      header: (name) => {
        const value = request.headers[name]
        return Array.isArray(value) ? value.join(', ') : value
      },
    },
    options,
  )
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
  const { status, headers, artifact } = await openDownload(
    { method: request.method, header: (name) => request.headers.get(name) ?? undefined },
    options,
  )
  try {
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
