import { onAbort } from '../run/listen.js'

/** The same response, which frees once what it holds, as soon as it was read, its reader leaves, or the request is aborted. */
export function whileRead(response: Response, signal: AbortSignal, free: () => void): Response {
  const reader = response.body?.getReader()
  if (reader === undefined) {
    free()
    return response
  }
  const leave = (): void => {
    end()
    // What a stream that no one reads any more fails with concerns no one.
    reader.cancel().catch(() => undefined)
  }
  let isFreed = false
  const end = (): void => {
    if (isFreed) return
    isFreed = true
    unlisten()
    free()
  }
  let unlisten = (): void => undefined
  unlisten = onAbort(signal, leave)
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read()
          if (!done) return controller.enqueue(value)
          end()
          controller.close()
        } catch (error) {
          end()
          throw error
        }
      },
      cancel: leave,
    },
    // Nothing is read before it is wanted.
    { highWaterMark: 0 },
  )
  return new Response(body, { status: response.status, headers: response.headers })
}
