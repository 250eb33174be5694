import { ChangeQueue } from './change-queue.js'
import type { Change } from './change.js'
import type { Reply } from './reply.js'

/** Options of {@link changesOf}. */
export interface ChangesOptions {
  /** Ends the iteration; it then rejects with `signal.reason`. */
  readonly signal?: AbortSignal
}

/**
 * The changes of a reply from the call on, as an async iterable to be read once.
 *
 * A slow reader gets the changes of one part merged, and never misses the last state. Leaving the loop unregisters it.
 */
export function changesOf(
  reply: Pick<Reply, 'observe'>,
  { signal }: ChangesOptions = {},
): AsyncIterable<Change> {
  const waiting = new ChangeQueue()
  let wake: (() => void) | null = null
  const stop = reply.observe({
    changed(change) {
      waiting.push(change)
      wake?.()
    },
  })
  const leave = (): void => {
    stop()
    wake?.()
  }
  if (signal?.aborted === true) stop()
  signal?.addEventListener('abort', leave)
  return {
    async *[Symbol.asyncIterator](): AsyncGenerator<Change> {
      try {
        for (;;) {
          signal?.throwIfAborted()
          const change = waiting.shift()
          if (change !== undefined) {
            yield change
            continue
          }
          await new Promise<void>((resolve) => {
            wake = resolve
            if (waiting.size > 0 || signal?.aborted === true) resolve()
          })
          wake = null
        }
      } finally {
        stop()
        signal?.removeEventListener('abort', leave)
      }
    },
  }
}
