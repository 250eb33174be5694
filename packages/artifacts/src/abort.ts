import type { Readable } from 'node:stream'

import type { Clock } from './clock.js'

/**
 * Makes an abort end the stream with the signal's own reason, and leaves no listener. Throws the reason
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
  // An abort before the first read must not become an uncaught exception; readers get the error anyway.
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

/** {@link untilAbort} for something that holds a file or a connection: what comes after the abort, of someone who does not heed it, is closed. */
export function openUntilAbort<Value>(
  signal: AbortSignal | undefined,
  start: () => Promise<Value>,
  close: (late: Value) => void,
): Promise<Value> {
  return untilAbort(signal, async () => {
    const opened = await start()
    if (signal?.aborted === true) close(opened)
    return opened
  })
}

/** A limit of time over several steps. */
export interface TimeLimit {
  /** Aborts with the caller's signal, or when the time is over. */
  readonly signal: AbortSignal
  readonly isOver: () => boolean
  /** Takes the timer and the listener back, and ends what still listens to the signal. */
  readonly end: () => void
}

/** How long, and what has not happened then. */
export interface LimitOptions {
  readonly ms: number
  readonly signal: AbortSignal | undefined
  readonly what: string
}

/** Starts a limit of time; the caller's signal ends it early. */
export function limitTime(clock: Clock, { ms, signal, what }: LimitOptions): TimeLimit {
  const stop = new AbortController()
  const timer = new AbortController()
  let isOver = false
  const onAbort = (): void => stop.abort(signal?.reason)
  if (signal?.aborted === true) onAbort()
  else signal?.addEventListener('abort', onAbort, { once: true })
  clock.sleep(ms, { signal: timer.signal }).then(
    () => {
      isOver = true
      stop.abort(new Error(`${what} within ${ms} ms.`))
    },
    () => {},
  )
  return {
    signal: stop.signal,
    isOver: () => isOver,
    end: () => {
      signal?.removeEventListener('abort', onAbort)
      timer.abort()
      stop.abort(new Error('This is over.'))
    },
  }
}
