import { systemClock } from '../clock.js'
import type { Clock } from '../clock.js'
import type { Reply } from '../reply.js'
import type { Settled } from '../settled.js'
import { eventStreamHeaders, toByteStream, writeTexts } from '../text-stream.js'
import type { ServerResponseLike } from '../text-stream.js'
import { createWake } from '../wake.js'
import type { UiChunk } from './chunk.js'
import { createUiMessageEncoder } from './encoder.js'
import type { UiMessageOptions } from './encoder.js'

/** Options of {@link uiMessageStream}. */
export interface UiMessageStreamOptions extends UiMessageOptions {
  /** Resolves when the turn is over; with a verdict, that is told to the reader. */
  readonly ended: Promise<Settled | void>
  /** Ends the stream early, without last chunks; it then rejects with `signal.reason`. */
  readonly signal?: AbortSignal
  /** Shortest time between two batches of chunks, in milliseconds; default 0. */
  readonly intervalMs?: number
  /** Default: the time of the machine. */
  readonly clock?: Clock
}

/** The chunks of a reply: first what there is, then what comes, until the turn is over. */
export async function* uiMessageStream(
  reply: Reply,
  options: UiMessageStreamOptions,
): AsyncGenerator<UiChunk> {
  const { signal, intervalMs = 0, clock = systemClock } = options
  const encoder = createUiMessageEncoder(reply, options)
  const wake = createWake()
  const turn: { verdict: Settled | void; isOver: boolean } = { verdict: undefined, isOver: false }
  const finish = (verdict: Settled | void): void => {
    turn.verdict = verdict
    turn.isOver = true
    wake.call()
  }
  options.ended.then(finish, () => finish())
  const stop = reply.observe({ changed: wake.call })
  signal?.addEventListener('abort', wake.call)
  try {
    while (!turn.isOver) {
      signal?.throwIfAborted()
      yield* encoder.next()
      if (turn.isOver) break
      await wake.sleep()
      if (intervalMs > 0 && !turn.isOver) await clock.sleep(intervalMs, signal ? { signal } : {})
    }
    signal?.throwIfAborted()
    yield* encoder.end(turn.verdict ?? reply.settled())
  } finally {
    stop()
    signal?.removeEventListener('abort', wake.call)
  }
}

/** Headers by which the AI SDK knows its stream. */
export const uiMessageStreamHeaders: Readonly<Record<string, string>> = Object.freeze({
  ...eventStreamHeaders,
  'x-vercel-ai-ui-message-stream': 'v1',
})

/** Chunks as a Web response, for `useChat` of the AI SDK. */
export function toUiMessageResponse(chunks: AsyncIterable<UiChunk>): Response {
  return new Response(toByteStream(frames(chunks)), { headers: uiMessageStreamHeaders })
}

/** Chunks as the body of a Node response. Resolves when the stream ended or the reader left. */
export async function writeUiMessageStream(
  chunks: AsyncIterable<UiChunk>,
  response: ServerResponseLike,
): Promise<void> {
  await writeTexts(frames(chunks), response, uiMessageStreamHeaders)
}

async function* frames(chunks: AsyncIterable<UiChunk>): AsyncGenerator<string> {
  for await (const chunk of chunks) yield `data: ${JSON.stringify(chunk)}\n\n`
  yield 'data: [DONE]\n\n'
}
