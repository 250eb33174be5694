import { ChangeQueue } from './change-queue.js'
import type { Change } from './change.js'
import { followTurn } from '../streaming/follow-turn.js'
import type { ReplySource } from './reply-source.js'

/** Options of {@link changesOf}. */
export interface ChangesOptions {
  /** Ends the iteration; it then rejects with `signal.reason`. */
  readonly signal?: AbortSignal
}

/**
 * The changes of a reply from the first read on, to be read once.
 *
 * @example
 * ```ts
 * for await (const change of changesOf(reply, { signal })) console.log(change.type)
 * ```
 *
 * A slow reader gets the changes of one thing merged, and never misses the last state. Leaving the loop, or an abort,
 * unregisters it at once.
 */
export function changesOf(
  reply: Pick<ReplySource, 'observe'>,
  { signal }: ChangesOptions = {},
): AsyncGenerator<Change> {
  const waiting = new ChangeQueue()
  return followTurn(
    // A reply may change also after the end of its turn, so only the reader knows when it has enough.
    { ended: new Promise(() => {}), signal },
    (wake) =>
      reply.observe({
        changed(change) {
          waiting.push(change)
          wake()
        },
      }),
    async function* (turn) {
      while (!turn.isLeft) {
        const change = waiting.shift()
        if (change === undefined) await turn.sleep()
        else yield change
      }
      signal?.throwIfAborted()
    },
  )
}
