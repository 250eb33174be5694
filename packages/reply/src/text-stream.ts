/** What is used of Node's `ServerResponse`. */
export interface ServerResponseLike {
  readonly destroyed: boolean
  writeHead(status: number, headers: Readonly<Record<string, string>>): unknown
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
  let leave: () => void = () => {}
  const left = new Promise<null>((resolve) => {
    leave = () => resolve(null)
  })
  response.on('close', leave)
  try {
    response.writeHead(200, headers)
    while (!response.destroyed) {
      const next = await Promise.race([iterator.next(), left])
      if (next === null || next.done === true) break
      if (!response.write(next.value)) await Promise.race([drained(response), left])
    }
  } finally {
    response.off('close', leave)
    // Not awaited: an iterator that sleeps returns only when it wakes.
    void iterator.return?.()
    response.end()
  }
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
        void iterator.return?.()
      },
    },
    { highWaterMark: 0 },
  )
}
