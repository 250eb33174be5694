import type { IncomingHttpHeaders } from 'node:http'

import { monotonic } from '../clock.js'
import { toAnswerError } from '../http/answer-error.js'
import { isWebPage } from '../http/json-answer.js'
import { startDeadline } from '../http/deadline.js'
import { WireError } from '../errors.js'
import type { Http, HttpCall } from '../http/http.js'
import type { Settings } from '../options.js'
import { createFrameDecoder } from './frame-decoder.js'

/** What a connection tells its hub; after `onBreak`, or after it was closed, nothing more. */
export interface ConnectionSink {
  /** The server has said `server.connected` on this very connection. */
  readonly onReady: () => void
  /** The data of a frame; the first one is `server.connected` itself. */
  readonly onFrame: (data: string) => void
  /** Deals with a frame by its bytes, where that can be done; true if it has. */
  readonly takeBytes: (bytes: Buffer, start: number, end: number) => boolean
  readonly onBreak: (error: unknown) => void
}

const maxErrorBytes = 8192

/**
 * Opens one event stream and watches over it: it must become ready within `streamOpenMs`, and no byte
 * for `silenceMs` means that it is dead. The returned function closes it and frees the socket.
 */
export function openConnection(
  http: Http,
  settings: Settings,
  call: HttpCall,
  sink: ConnectionSink,
): () => void {
  const { clock, timeouts } = settings
  const stopped = new AbortController()
  let isOver = false
  let status = 0
  let head: IncomingHttpHeaders = {}
  let isReady = false
  let lastByteAt = monotonic(clock)
  let isTimeKnown = false
  let refusedBody = ''

  const end = (reason: unknown): void => {
    isOver = true
    stopped.abort()
    cancelOpening()
    exchange.abort(reason)
  }
  const finish = (error: unknown): void => {
    if (isOver) return
    end(error)
    sink.onBreak(error)
  }
  const onFrame = (data: string): void => {
    if (isOver) return
    if (!isReady) {
      if (!isConnected(data)) return
      isReady = true
      cancelOpening()
      sink.onReady()
    }
    sink.onFrame(data)
  }
  const decoder = createFrameDecoder({
    maxBytes: settings.limits.frameBytes,
    onData: onFrame,
    takeBytes: (bytes, start, end) => isReady && sink.takeBytes(bytes, start, end),
  })
  const decode = (chunk: Buffer): void => {
    try {
      decoder.feed(chunk)
    } catch (error) {
      finish(error)
    }
  }

  /** A read of the socket brings many chunks at once; asking for the time is dear when each does it. */
  const markAlive = (): void => {
    if (isTimeKnown) return
    isTimeKnown = true
    lastByteAt = monotonic(clock)
    queueMicrotask(() => (isTimeKnown = false))
  }

  const exchange = http.start(call, {
    onStart: (code, headers) => {
      status = code
      head = headers
      if (status < 300 && !isStream(headers)) finish(notAStream(call, status, headers))
    },
    onData: (chunk) => {
      markAlive()
      if (status < 300) decode(chunk)
      else if (refusedBody.length < maxErrorBytes) refusedBody += chunk.toString()
    },
    onEnd: () =>
      finish(
        status >= 300
          ? toAnswerError(call.label, { status, headers: head, body: refusedBody })
          : closedByServer(call),
      ),
    onError: finish,
  })
  const cancelOpening = startDeadline(clock, timeouts.streamOpenMs, () =>
    finish(
      tooSlow(call, `not ready after ${timeouts.streamOpenMs} ms (\`timeouts.streamOpenMs\`)`),
    ),
  )

  const watch = async (): Promise<void> => {
    for (;;) {
      const silentMs = monotonic(clock) - lastByteAt
      if (silentMs >= timeouts.silenceMs) break
      await clock.sleep(timeouts.silenceMs - silentMs, { signal: stopped.signal })
    }
    finish(tooSlow(call, `silent for ${timeouts.silenceMs} ms (\`timeouts.silenceMs\`)`))
  }
  if (timeouts.silenceMs > 0) watch().catch(() => {})

  return () => {
    if (!isOver) end(new Error('the stream was closed'))
  }
}

/** On `/event` the envelope is the event, on `/global/event` it is in `payload`. */
function isConnected(data: string): boolean {
  try {
    const frame = JSON.parse(data) as { type?: unknown; payload?: { type?: unknown } } | null
    return frame?.type === 'server.connected' || frame?.payload?.type === 'server.connected'
  } catch {
    return false
  }
}

function isStream(headers: IncomingHttpHeaders): boolean {
  return /^text\/event-stream\b/i.test(String(headers['content-type'] ?? ''))
}

function notAStream(call: HttpCall, status: number, headers: IncomingHttpHeaders): WireError {
  const code = isWebPage(headers) ? 'foreign_response' : 'malformed_response'
  return new WireError(code, `${call.label} did not answer with an event stream`, { status })
}

function closedByServer(call: HttpCall): WireError {
  return new WireError('connection', `${call.label} was closed by the server`, { delivered: 'yes' })
}

function tooSlow(call: HttpCall, what: string): WireError {
  return new WireError('timeout', `${call.label} is ${what}`)
}
