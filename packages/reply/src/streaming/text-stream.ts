/** What is used of Node's `ServerResponse`. */
export interface ServerResponseLike {
  /** The request that it answers. */
  readonly req?: { readonly method?: string | undefined }
  readonly destroyed: boolean
  /** `undefined` when the reader of an HTTP/2 response has left. */
  readonly socket: unknown
  writeHead(status: number, headers: Readonly<Record<string, string>>): unknown
  flushHeaders?(): unknown
  /** Returns `false` when the reader is slow and `drain` is to be waited for. */
  write(text: string): boolean
  end(): unknown
  on(event: 'close' | 'drain', listener: () => void): unknown
  off(event: 'close' | 'drain', listener: () => void): unknown
}

/** Headers of a stream of server-sent events that no proxy may hold back. */
export const eventStreamHeaders: Readonly<Record<string, string>> = Object.freeze({
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
})

/** Writes texts to a Node response as fast as its reader takes them. Ends when the texts end or the reader leaves. */
export async function writeTexts(
  texts: AsyncIterable<string>,
  response: ServerResponseLike,
  headers: Readonly<Record<string, string>>,
): Promise<void> {
  const iterator = texts[Symbol.asyncIterator]()
  let close: () => void = () => {}
  const left = new Promise<null>((resolve) => {
    close = () => resolve(null)
  })
  response.on('close', close)
  try {
    response.writeHead(200, headers)
    if (response.req?.method === 'HEAD') return
    // A browser is connected when it has the headers, and the first text may be long in coming.
    response.flushHeaders?.()
    while (!hasLeft(response)) {
      const next = await Promise.race([iterator.next(), left])
      if (next === null || next.done === true) break
      if (!response.write(next.value)) await Promise.race([drained(response), left])
    }
  } finally {
    response.off('close', close)
    leave(iterator)
    response.end()
  }
}

/** No event tells of a reader that left before. HTTP/2 responses have no `destroyed`; they lose their socket. */
function hasLeft(response: ServerResponseLike): boolean {
  return response.destroyed || response.socket === undefined
}

/** Not awaited, because a host's own generator that sleeps returns only when it wakes. What it throws concerns no one. */
function leave(iterator: AsyncIterator<string>): void {
  Promise.resolve(iterator.return?.()).catch(() => {})
}

function drained(response: ServerResponseLike): Promise<null> {
  return new Promise((resolve) => {
    const onDrain = (): void => {
      response.off('drain', onDrain)
      resolve(null)
    }
    response.on('drain', onDrain)
  })
}

/** Texts as a Web stream of bytes that takes a text only when its reader wants one. */
export function toByteStream(texts: AsyncIterable<string>): ReadableStream<Uint8Array> {
  const iterator = texts[Symbol.asyncIterator]()
  const encoder = new TextEncoder()
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const next = await iterator.next()
        if (next.done === true) controller.close()
        else controller.enqueue(encoder.encode(next.value))
      },
      cancel() {
        leave(iterator)
      },
    },
    { highWaterMark: 0 },
  )
}
