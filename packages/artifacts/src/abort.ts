import type { Readable } from 'node:stream'

/**
 * Makes an abort end the stream with the signal's own reason, and leaves no listener behind. Throws the reason
 * when the abort came before.
 */
export function destroyOnAbort(body: Readable, signal: AbortSignal | undefined): Readable {
  if (signal === undefined) return body
  const onAbort = (): void => {
    body.destroy(signal.reason)
  }
  if (signal.aborted) {
    body.destroy()
    throw signal.reason
  }
  signal.addEventListener('abort', onAbort, { once: true })
  // An abort before anybody reads must not become an uncaught exception; readers get the error anyway.
  body.on('error', () => {})
  body.once('close', () => signal.removeEventListener('abort', onAbort))
  return body
}

/**
 * Settles as the promise does, or rejects with the signal's reason as soon as it aborts. Not a
 * `Promise.race` with one long-lived promise: that would keep one reaction per call.
 */
export function untilAbort<Value>(
  signal: AbortSignal | undefined,
  start: () => Promise<Value>,
): Promise<Value> {
  if (signal === undefined) return start()
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason)
      return
    }
    const onAbort = (): void => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    const settle = (): void => signal.removeEventListener('abort', onAbort)
    start().then(
      (value) => {
        settle()
        resolve(value)
      },
      (error: unknown) => {
        settle()
        reject(error)
      },
    )
  })
}
