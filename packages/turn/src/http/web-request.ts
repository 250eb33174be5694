/** What is used of a request of `node:http`, and of `node:http2` in its compatible form. */
export interface NodeRequestLike {
  readonly method?: string | undefined
  readonly url?: string | undefined
  /** As it was before a router took its prefix off. */
  readonly originalUrl?: string | undefined
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** What a middleware has made of the body, if it has read it. */
  readonly body?: unknown
  readonly readableDidRead: boolean
  readonly readableEnded: boolean
  readonly destroyed?: boolean
  readonly socket: object | null
  on(event: 'data', listener: (chunk: Uint8Array) => void): unknown
  on(event: 'end' | 'close' | 'error', listener: () => void): unknown
  off(event: 'data', listener: (chunk: Uint8Array) => void): unknown
  pause(): unknown
  resume(): unknown
}

/**
 * A request of Node as one of the web. Null for a method, an address or a header that no web request can have, and for a path that
 * the web would read as another one.
 */
export function toWebRequest(request: NodeRequestLike, signal: AbortSignal): Request | null {
  const { method = 'GET' } = request
  const hasBody = method !== 'GET' && method !== 'HEAD'
  const sent = hasBody ? { body: bodyOf(request), duplex: 'half' as const } : {}
  try {
    const headers = headersOf(request)
    const address = new URL(addressOf(request))
    return address.pathname === pathOf(request)
      ? new Request(address, { method, headers, signal, ...sent })
      : null
  } catch {
    return null
  }
}

function addressOf({ url = '/', originalUrl = url, headers, socket }: NodeRequestLike): string {
  if (!originalUrl.startsWith('/')) return originalUrl
  const isSecure = socket !== null && 'encrypted' in socket && socket.encrypted === true
  const host = headers[':authority'] ?? headers['host'] ?? 'localhost'
  return `${isSecure ? 'https' : 'http'}://${String(host)}${originalUrl}`
}

/**
 * As it was sent. A path with `..` or a backslash in it, or behind a `host` that has a slash, would lead to our routes past what a
 * host has mounted before them for their prefix alone.
 */
function pathOf({ url = '/', originalUrl = url }: NodeRequestLike): string {
  const [path] = originalUrl.replace(/^[^/?#]+:\/\/[^/?#]*/, '').split(/[?#]/, 1)
  return path || '/'
}

function headersOf(request: NodeRequestLike): Headers {
  const headers = new Headers()
  for (const [name, value] of Object.entries(request.headers)) {
    // HTTP/2 has its own below names that begin with a colon.
    if (value === undefined || name.startsWith(':')) continue
    for (const each of Array.isArray(value) ? value : [value]) headers.append(name, each)
  }
  return headers
}

/** A body as it comes, each piece only when it is wanted. Nothing of the request is touched before. */
function bodyOf(request: NodeRequestLike): ReadableStream<Uint8Array> {
  let read: NodeBody | null = null
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (read === null && request.readableDidRead) {
          controller.enqueue(readBefore(request))
          controller.close()
          return
        }
        read ??= readFrom(request, controller)
        read.goOn()
      },
      cancel: () => read?.giveUp(),
    },
    { highWaterMark: 0 },
  )
}

function readBefore({ body }: NodeRequestLike): Uint8Array {
  if (body === undefined) {
    throw new TypeError(
      'The body was read by another middleware, which left nothing in `request.body`: mount the routes before it.',
    )
  }
  if (body instanceof Uint8Array) return body
  return new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body))
}

interface NodeBody {
  goOn(): void
  giveUp(): void
}

function readFrom(
  request: NodeRequestLike,
  controller: ReadableStreamDefaultController<Uint8Array>,
): NodeBody {
  let isOver = false
  const once = (settle: () => void) => (): void => {
    if (!isOver) settle()
    isOver = true
  }
  const onData = (chunk: Uint8Array): void => {
    request.pause()
    controller.enqueue(chunk)
  }
  const end = once(() => controller.close())
  const lose = once(() => controller.error(new Error('The client left before its body came.')))
  request.on('data', onData)
  request.on('end', end)
  request.on('error', lose)
  request.on('close', lose)
  if (request.readableEnded) end()
  else if (request.destroyed === true) lose()
  return {
    goOn: () => void request.resume(),
    giveUp: once(() => {
      request.off('data', onData)
      // What is left is read and thrown away, so that the connection can carry the answer and the next request.
      request.resume()
    }),
  }
}
