import { longestTimerMs, systemClock } from '../streaming/clock.js'
import type { Clock } from '../streaming/clock.js'
import { followTurn } from '../streaming/follow-turn.js'
import type { TurnEnd } from '../streaming/follow-turn.js'
import { keepAlive } from '../streaming/keep-alive.js'
import type { ReplySource } from '../changes/reply-source.js'
import { requireRange } from '../streaming/require-range.js'
import { eventStreamHeaders, toByteStream, writeTexts } from '../streaming/text-stream.js'
import type { ServerResponseLike } from '../streaming/text-stream.js'
import type { UiChunk } from './chunk.js'
import { createUiMessageEncoder } from './encoder.js'
import type { UiMessageOptions } from './encoder.js'

/** Options of {@link uiMessageStream}. The stream rejects with `signal.reason` when it is aborted. */
export interface UiMessageStreamOptions extends UiMessageOptions, TurnEnd {
  /** Shortest time between two batches of chunks, in milliseconds; default 0. */
  readonly intervalMs?: number
  /** Default: the time of the machine. */
  readonly clock?: Clock
}

/**
 * The chunks of a reply: first what there is, then what comes, until the turn is over.
 *
 * An aborted stream rejects with `signal.reason`, without last chunks. A reader that leaves frees it at once.
 *
 * @example
 * ```ts
 * const chunks = uiMessageStream(reply, { ended: runTurn(options), signal: request.signal })
 * return toUiMessageResponse(chunks)
 * ```
 */
export function uiMessageStream(
  reply: ReplySource,
  options: UiMessageStreamOptions,
): AsyncGenerator<UiChunk> {
  const { signal, intervalMs = 0, clock = systemClock } = options
  requireRange('intervalMs', intervalMs, 0, longestTimerMs)
  const encoder = createUiMessageEncoder(reply, options)
  return followTurn(
    options,
    (wake) => reply.observe({ changed: wake }),
    async function* (turn) {
      while (!turn.isOver && !turn.isLeft) {
        yield* encoder.next()
        await turn.sleep()
        if (intervalMs > 0) await clock.sleep(intervalMs, { signal: turn.hurry }).catch(() => {})
      }
      signal?.throwIfAborted()
      if (!turn.isLeft) yield* encoder.end()
    },
  )
}

/** Headers by which the AI SDK knows its stream. */
export const uiMessageStreamHeaders: Readonly<Record<string, string>> = Object.freeze({
  ...eventStreamHeaders,
  'x-vercel-ai-ui-message-stream': 'v1',
})

/** Options of {@link toUiMessageResponse} and {@link writeUiMessageStream}. */
export interface UiResponseOptions {
  /** Time without a chunk after which a comment is sent, so that no proxy hangs up, in milliseconds; default 15,000. */
  readonly heartbeatMs?: number
  /** Default: the time of the machine. */
  readonly clock?: Clock
}

/** Chunks as a Web response, for `useChat` of the AI SDK. */
export function toUiMessageResponse(
  chunks: AsyncIterable<UiChunk>,
  options: UiResponseOptions = {},
): Response {
  return new Response(toByteStream(framesOf(chunks, options)), { headers: uiMessageStreamHeaders })
}

/** Chunks as the body of a Node response. Resolves when the stream ended or the reader left. */
export async function writeUiMessageStream(
  chunks: AsyncIterable<UiChunk>,
  response: ServerResponseLike,
  options: UiResponseOptions = {},
): Promise<void> {
  await writeTexts(framesOf(chunks, options), response, uiMessageStreamHeaders)
}

function framesOf(
  chunks: AsyncIterable<UiChunk>,
  { heartbeatMs = 15_000, clock = systemClock }: UiResponseOptions,
): AsyncIterable<string> {
  requireRange('heartbeatMs', heartbeatMs, 1, longestTimerMs)
  return keepAlive(frames(chunks), heartbeatMs, clock)
}

/** Chunks as frames. No generator, because one that waits for a chunk cannot be left. */
function frames(chunks: AsyncIterable<UiChunk>): AsyncIterable<string> {
  const iterator = chunks[Symbol.asyncIterator]()
  let isDone = false
  return {
    [Symbol.asyncIterator]: () => ({
      async next() {
        if (isDone) return { done: true, value: undefined }
        const next = await iterator.next()
        isDone = next.done === true
        const data = next.done === true ? '[DONE]' : JSON.stringify(next.value)
        return { done: false, value: `data: ${data}\n\n` }
      },
      async return() {
        await iterator.return?.()
        return { done: true, value: undefined }
      },
    }),
  }
}
