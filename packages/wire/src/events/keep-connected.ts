import { channels, type StreamTrace } from '../channels.js'
import { monotonic } from '../clock.js'
import { WireError } from '../errors.js'
import type { Settings } from '../options.js'
import { nextDelayMs } from '../retry-policy.js'
import { toErrorCode, trace } from '../http/trace.js'
import type { ConnectionSink } from './connection.js'

/** Opens one connection; the returned function closes it. */
export type Connect = (sink: ConnectionSink) => () => void

/** What the keeper of a stream tells. */
export interface KeeperSink extends Pick<ConnectionSink, 'onReady' | 'onFrame' | 'takeBytes'> {
  readonly onDown: () => void
  /** The stream will not come back by itself. */
  readonly onGiveUp: (error: unknown) => void
}

interface Outcome {
  readonly error: unknown
  readonly readyAtMs: number | null
}

/** Keeps an event stream open, as the reconnect policy allows, until the returned function stops it. */
export function keepConnected(
  settings: Settings,
  route: string,
  connect: Connect,
  sink: KeeperSink,
): () => void {
  const { clock, random, reconnect } = settings
  const stopping = new AbortController()
  const stopped = stopping.signal

  const connectOnce = (): Promise<Outcome> =>
    new Promise((resolve) => {
      let readyAtMs: number | null = null
      const settle = (error: unknown): void => {
        stopped.removeEventListener('abort', onStop)
        resolve({ error, readyAtMs })
      }
      const disconnect = connect({
        onReady: () => {
          readyAtMs = monotonic(clock)
          sink.onReady()
        },
        onFrame: sink.onFrame,
        takeBytes: sink.takeBytes,
        onBreak: settle,
      })
      const onStop = (): void => {
        disconnect()
        settle(stopped.reason)
      }
      stopped.addEventListener('abort', onStop, { once: true })
    })

  const connectTraced = (failures: number): Promise<Outcome> => {
    if (!channels.stream.hasSubscribers) return connectOnce()
    const context: StreamTrace = { route, failures, isReady: false }
    return trace(channels.stream, context, stopped, async () => {
      const outcome = await connectOnce()
      context.isReady = outcome.readyAtMs !== null
      if (!stopped.aborted) context.errorCode = toErrorCode(outcome.error, stopped)
      return outcome
    })
  }

  const run = async (): Promise<void> => {
    let failures = 0
    let downSinceMs = monotonic(clock)
    for (;;) {
      const { error, readyAtMs } = await connectTraced(failures)
      if (stopped.aborted) return
      sink.onDown()
      const now = monotonic(clock)
      if (readyAtMs !== null) downSinceMs = now
      failures = readyAtMs !== null && now - readyAtMs >= reconnect.stableAfterMs ? 1 : failures + 1
      const wait = WireError.is(error)
        ? nextDelayMs(reconnect, { failures, downForMs: now - downSinceMs, error }, random)
        : null
      if (wait === null) return sink.onGiveUp(error)
      await clock.sleep(wait, { signal: stopped }).catch(() => {})
      if (stopped.aborted) return
    }
  }
  void run()
  return () => stopping.abort()
}
