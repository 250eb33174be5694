import { type NodeResponseLike, sendResponse } from './send-response.js'
import { type NodeRequestLike, toWebRequest } from './web-request.js'

/** A listener of `node:http`, or a middleware. Never rejects. */
export type NodeListener = (
  request: NodeRequestLike,
  response: NodeResponseLike,
  next?: (error?: Error) => void,
) => Promise<void>

/**
 * Routes of web requests for servers of Node: `node:http`, `node:http2`, Express, and the raw request and response of Fastify. The
 * request is aborted when its client leaves. Bodies go both ways piece by piece, at the pace of who reads; one that a middleware has
 * read before is taken from `request.body`.
 *
 * What the handler answers null, and what is no request of the web at all, is given to `next`; without one it is answered 404 or 400.
 * What the handler rejects with goes to `next`, and without one is answered 500. Where the body of an answer fails, the connection is
 * cut. What another has answered meanwhile stays, and ours is let go.
 *
 * @example
 * expressApp.use(toNodeListener(routes))
 * createServer(toNodeListener(routes))
 */
export function toNodeListener(
  handler: (request: Request) => Promise<Response | null>,
): NodeListener {
  return async (request, response, next) => {
    const left = new AbortController()
    const onClose = (): void => {
      if (!response.writableEnded) left.abort(new Error('the client has left'))
    }
    response.on('close', onClose)
    if (response.destroyed === true || response.socket === undefined) onClose()
    const asked = toWebRequest(request, left.signal)
    const pass = next ?? ((): void => end(response, asked === null ? 400 : 404))
    let answer: Response | null
    try {
      answer = asked === null ? null : await handler(asked)
    } catch (error) {
      return next === undefined ? end(response, 500) : next(asError(error))
    }
    if (answer === null) return pass()
    try {
      await sendResponse(answer, response)
    } catch {
      response.destroy()
    }
  }
}

function end(response: NodeResponseLike, status: number): void {
  // Another has answered meanwhile, such as a limit of time.
  if (response.headersSent) return
  response.writeHead(status, { 'content-length': '0' })
  response.end()
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error('the handler failed', { cause: error })
}
