import { longestTimerMs, monotonic, systemClock } from '../streaming/clock.js'
import type { Clock } from '../streaming/clock.js'
import { heartbeatFrame } from '../streaming/keep-alive.js'
import { requireRange } from '../streaming/require-range.js'
import { eventStreamHeaders } from '../streaming/text-stream.js'
import type { ServerResponseLike } from '../streaming/text-stream.js'

/** What is used of Node's `ServerResponse` to drop a reader that is too slow. */
export interface DroppableResponse extends ServerResponseLike {
  /** Bytes that the reader has not taken yet. */
  readonly writableLength: number
  destroy(): unknown
}

/** Options of {@link openEventStream}. */
export interface EventWriterOptions {
  /** Time without an event after which a comment is sent, so that no proxy hangs up, in milliseconds; default 15,000. */
  readonly heartbeatMs?: number
  /** A reader that leaves this much unread is dropped: its browser reconnects and catches up. Default 4,194,304. */
  readonly maxUnreadBytes?: number
  /** How long a browser waits before it reconnects, in milliseconds; default 1,000. */
  readonly retryMs?: number
  /** Default: the time of the machine. */
  readonly clock?: Clock
}

/** One reader of a host's own events, such as the Turbo Stream elements of a page. */
export interface EventWriter {
  /** Sends the data of one event, whatever line ends it holds. Nothing happens once the reader has left. */
  send(data: string): void
  /** Aborts when the reader has left, was dropped, or never wanted more than the headers (`HEAD`). */
  readonly left: AbortSignal
  /** Ends the stream; the browser reconnects. */
  close(): void
}

/**
 * Begins a stream of server-sent events whose content is the host's: for pages that show more than one reply. Throws a
 * `RangeError` that names a wrong option.
 *
 * @example
 * ```ts
 * const page = openEventStream(response)
 * const unsubscribe = feed.subscribe((html) => page.send(html))
 * page.left.addEventListener('abort', unsubscribe)
 * ```
 */
export function openEventStream(
  response: DroppableResponse,
  options: EventWriterOptions = {},
): EventWriter {
  const { heartbeatMs = 15_000, maxUnreadBytes = 4 * 1024 * 1024, retryMs = 1_000 } = options
  const { clock = systemClock } = options
  requireRange('heartbeatMs', heartbeatMs, 1, longestTimerMs)
  requireRange('maxUnreadBytes', maxUnreadBytes, 1)
  requireRange('retryMs', retryMs, 0, longestTimerMs)
  const left = new AbortController()
  let sentAt = monotonic(clock)

  const leave = (): void => {
    response.off('close', leave)
    left.abort(new Error('the reader has left'))
  }
  const write = (text: string): void => {
    if (left.signal.aborted || response.destroyed) return
    sentAt = monotonic(clock)
    response.write(text)
    if (response.writableLength <= maxUnreadBytes) return
    response.destroy()
    leave()
  }
  const beat = async (): Promise<void> => {
    while (!left.signal.aborted) {
      const quietMs = monotonic(clock) - sentAt
      if (quietMs >= heartbeatMs) write(heartbeatFrame)
      else await clock.sleep(heartbeatMs - quietMs, { signal: left.signal })
    }
  }
  const close = (): void => {
    leave()
    response.end()
  }

  response.on('close', leave)
  response.writeHead(200, eventStreamHeaders)
  if (response.req?.method === 'HEAD') close()
  else {
    write(`retry: ${retryMs}\n\n`)
    beat().catch(() => {})
  }
  return {
    left: left.signal,
    send: (data) => write(dataFrame(data)),
    close,
  }
}

/** Every kind of line end that a browser knows begins a new `data:` line, so that no data ends the event. */
function dataFrame(data: string): string {
  const lines = data.split(/\r\n|\r|\n/)
  return `${lines.map((line) => `data: ${line}\n`).join('')}\n`
}
