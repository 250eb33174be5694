import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'

import type { Delivered } from '../errors.js'

/** Who receives the answer. After `onEnd` or `onError` nothing more is called. */
export interface ExchangeSink {
  /** The request has its connection, and its first byte is about to be written; throwing keeps it back. */
  readonly onWrite: () => void
  readonly onStart: (status: number, headers: IncomingHttpHeaders, flow: Flow) => void
  readonly onData: (chunk: Buffer) => void
  readonly onEnd: () => void
  readonly onError: (error: unknown) => void
}

/** Slows an answer down to its reader. */
export interface Flow {
  readonly pause: () => void
  readonly resume: () => void
}

/** A request under way. */
export interface Exchange {
  /** How far the request has come. */
  readonly delivered: () => Delivered
  /** Ends it now and frees its socket; `reason` goes to the sink's `onError`. Harmless afterwards. */
  readonly abort: (reason: unknown) => void
}

/**
 * Sends one request on undici's dispatch level: no stream objects in between, an abort works also
 * while the request waits for a connection, and every failure knows how far the request had come.
 */
export function startExchange(
  dispatcher: Dispatcher,
  request: Dispatcher.DispatchOptions,
  sink: ExchangeSink,
): Exchange {
  let delivered: Delivered = 'no'
  let over = false
  let controller: Dispatcher.DispatchController | null = null

  const fail = (error: unknown): void => {
    if (over) return
    over = true
    sink.onError(error)
  }
  const handler: Dispatcher.DispatchHandler = {
    onRequestStart(started) {
      controller = started
      try {
        if (!over) sink.onWrite()
      } catch (error) {
        fail(error)
      }
      // Nothing is written yet: an exchange that is over by now was never delivered.
      if (over) started.abort(new Error('aborted'))
      else delivered = 'unknown'
    },
    onResponseStart(started, status, headers) {
      if (over || status < 200) return
      delivered = 'yes'
      sink.onStart(status, headers, {
        pause: () => started.pause(),
        resume: () => started.resume(),
      })
    },
    onResponseData(_, chunk) {
      if (!over) sink.onData(chunk)
    },
    onResponseEnd() {
      if (over) return
      over = true
      sink.onEnd()
    },
    onResponseError(_, error) {
      fail(error)
    },
  }
  try {
    // undici's own budgets of 300 s, or those of a host's agent, would end long turns.
    dispatcher.dispatch({ ...request, headersTimeout: 0, bodyTimeout: 0 }, handler)
  } catch (error) {
    fail(error)
  }
  return {
    delivered: () => delivered,
    abort: (reason) => {
      if (over) return
      // First, because undici reports its own error from within `abort`.
      fail(reason)
      controller?.abort(new Error('aborted', { cause: reason }))
    },
  }
}
