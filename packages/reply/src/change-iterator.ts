import { ChangeQueue } from './change-queue.js'
import type { Change } from './change.js'
import type { Outbox } from './outbox.js'

/** Changes as an async iterable. It listens from the call on, not from the first `next`. */
export function iterateChanges(
  outbox: Outbox,
  signal: AbortSignal | undefined,
): AsyncIterable<Change> {
  const waiting = new ChangeQueue()
  let wake: (() => void) | null = null
  const stop = outbox.observe({
    changed(change) {
      waiting.push(change)
      wake?.()
    },
  })
  const wakeUp = (): void => wake?.()
  signal?.addEventListener('abort', wakeUp)
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
        signal?.removeEventListener('abort', wakeUp)
      }
    },
  }
}
