import type { Readable } from 'node:stream'

/**
 * A stream of the web platform over one of Node. `Readable.toWeb` throws outside of every promise, and so ends the
 * process, when a reader cancels while a chunk is on its way.
 */
export function toWebStream(body: Readable): ReadableStream<Uint8Array> {
  // A failure before the first read must not become an uncaught exception; readers get it anyway.
  body.on('error', () => {})
  const chunks: AsyncIterator<Uint8Array> = body[Symbol.asyncIterator]()
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const step = await chunks.next()
        if (step.done === true) controller.close()
        else controller.enqueue(step.value)
      },
      cancel: () => void body.destroy(),
    },
    // Nothing is read before it is wanted.
    { highWaterMark: 0 },
  )
}
