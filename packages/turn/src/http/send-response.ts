/** What is used of a response of `node:http`, and of `node:http2` in its compatible form. */
export interface NodeResponseLike {
  readonly headersSent: boolean
  readonly writableEnded: boolean
  readonly destroyed?: boolean
  /** `undefined` when the reader of an HTTP/2 response has left. */
  readonly socket: unknown
  writeHead(status: number, headers: Record<string, string | string[]>): unknown
  flushHeaders?(): unknown
  write(chunk: Uint8Array): boolean
  end(): unknown
  destroy(error?: Error): unknown
  on(event: 'close' | 'drain', listener: () => void): unknown
  off(event: 'close' | 'drain', listener: () => void): unknown
}

/**
 * Sends a response of the web as fast as its reader takes it. Resolves when all of it is on its way, the reader left or another has
 * answered, and rejects when it cannot be sent or its body fails; then the connection is to be cut, so that a part does not pass for
 * the whole. The body is let go in each case.
 */
export async function sendResponse(answer: Response, response: NodeResponseLike): Promise<void> {
  const reader = answer.body?.getReader()
  try {
    if (!response.headersSent) return await send(answer, reader, response)
  } catch (error) {
    free(reader)
    throw error
  }
  free(reader)
}

type BodyReader = ReadableStreamDefaultReader<Uint8Array>

function free(reader: BodyReader | undefined): void {
  reader?.cancel().catch(() => undefined)
}

async function send(
  { status, headers }: Response,
  reader: BodyReader | undefined,
  response: NodeResponseLike,
): Promise<void> {
  response.writeHead(status, namesAndValues(headers))
  if (reader === undefined) {
    response.end()
    return
  }
  // A browser is connected when it has the headers, and the first piece may be long in coming.
  if (!headers.has('content-length')) response.flushHeaders?.()
  let hasLeft = response.destroyed === true
  let goOn = (): void => undefined
  const onDrain = (): void => goOn()
  const onClose = (): void => {
    hasLeft = true
    goOn()
    free(reader)
  }
  if (hasLeft) onClose()
  response.on('drain', onDrain)
  response.on('close', onClose)
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done || hasLeft) break
      if (response.write(value) || hasLeft) continue
      await new Promise<void>((resolve) => (goOn = resolve))
    }
  } finally {
    response.off('drain', onDrain)
    response.off('close', onClose)
  }
  response.end()
}

function namesAndValues(headers: Headers): Record<string, string | string[]> {
  const cookies = headers.getSetCookie()
  return {
    ...Object.fromEntries(headers),
    ...(cookies.length > 0 && { 'set-cookie': cookies }),
  }
}
