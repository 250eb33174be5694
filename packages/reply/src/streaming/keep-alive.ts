import { monotonic, type Clock } from './clock.js'

/** A comment of server-sent events, which readers skip. */
export const heartbeatFrame = ': heartbeat\n\n'

const quiet = Symbol('quiet')

/**
 * Texts, and a comment after each interval in which none came, so that no proxy closes the connection.
 *
 * No generator, because one that waits for a text cannot be left.
 */
export function keepAlive(
  texts: AsyncIterable<string>,
  intervalMs: number,
  clock: Clock,
): AsyncIterable<string> {
  const iterator = texts[Symbol.asyncIterator]()
  const left = new AbortController()
  let next: Promise<IteratorResult<string>> | null = null
  let timer: Promise<typeof quiet> | null = null
  let sentAt = monotonic(clock)

  async function read(): Promise<IteratorResult<string>> {
    for (;;) {
      next ??= iterator.next()
      const leftMs = Math.max(1, intervalMs - (monotonic(clock) - sentAt))
      timer ??= clock.sleep(leftMs, { signal: left.signal }).then(() => quiet)
      // Both may be waited for again, or by no one.
      timer.catch(() => {})
      const first = await Promise.race([next, timer])
      if (first !== quiet) {
        next = null
        if (first.done === true) left.abort()
        sentAt = monotonic(clock)
        return first
      }
      timer = null
      if (monotonic(clock) - sentAt < intervalMs) continue
      sentAt = monotonic(clock)
      return { done: false, value: heartbeatFrame }
    }
  }
  return {
    [Symbol.asyncIterator]: () => ({
      next: read,
      async return() {
        left.abort()
        await iterator.return?.()
        return { done: true, value: undefined }
      },
    }),
  }
}
