import { systemClock } from '../clock.js'
import type { Clock } from '../clock.js'
import type { Settled } from '../settled.js'
import { createWake } from '../wake.js'
import type { ChangeLog } from './change-log.js'

/** Options of a stream of server-sent events. */
export interface EventStreamOptions {
  /** Resolves when the turn is over; with a verdict, that is told to the reader. */
  readonly ended: Promise<Settled | void>
  /** Ends the stream early. */
  readonly signal?: AbortSignal
  /** A reader that is more changes behind than this gets a snapshot instead; default 200. */
  readonly maxBehind?: number
  /** Time without an event after which a comment is sent, so that no proxy hangs up; default 15,000. */
  readonly heartbeatMs?: number
  /** Default: the time of the machine. */
  readonly clock?: Clock
}

/** Whether a reader with this last id has seen the end and should not come again. */
export function hasSeenEnd(log: ChangeLog, lastEventId: string | null): boolean {
  return lastEventId === endId(log)
}

function endId(log: ChangeLog): string {
  return `${log.epoch}.${log.revision}.end`
}

/** The revision that a reader has; `null` when it has nothing, or something of another log. */
function readPosition(log: ChangeLog, lastEventId: string | null): number | null {
  const [epoch, revision] = (lastEventId ?? '').split('.')
  if (epoch !== log.epoch || revision === undefined || !/^\d+$/.test(revision)) return null
  return Number(revision)
}

/**
 * The frames for one reader: `snapshot` events hold a view, `change` events a change, the last one is `end`.
 *
 * Nothing is buffered for a reader. It is asked for by how far it is, and one that sleeps too long gets a snapshot.
 */
export async function* eventFrames(
  log: ChangeLog,
  lastEventId: string | null,
  options: EventStreamOptions,
): AsyncGenerator<string> {
  const { signal, maxBehind = 200, heartbeatMs = 15_000, clock = systemClock } = options
  const wake = createWake()
  const turn: { verdict: Settled | void; isOver: boolean } = { verdict: undefined, isOver: false }
  const finish = (verdict: Settled | void): void => {
    turn.verdict = verdict
    turn.isOver = true
    wake.call()
  }
  options.ended.then(finish, () => finish())
  const stopListening = log.onChange(wake.call)
  const heartbeat = beat(clock, heartbeatMs, wake.call)
  signal?.addEventListener('abort', wake.call)
  let position = readPosition(log, lastEventId)
  try {
    for (;;) {
      if (isAborted(signal)) return
      const isOver = turn.isOver
      const changes = position === null ? null : log.since(position)
      if (changes === null || changes.length > maxBehind) {
        const view = log.view()
        position = view.revision
        heartbeat.reset()
        yield frame(`${log.epoch}.${position}`, 'snapshot', JSON.stringify(view))
        continue
      }
      for (const { revision, json } of changes) {
        position = revision
        heartbeat.reset()
        yield frame(`${log.epoch}.${revision}`, 'change', json)
        if (isAborted(signal)) return
      }
      if (changes.length > 0) continue
      if (isOver) {
        yield frame(endId(log), 'end', JSON.stringify(turn.verdict ?? null))
        return
      }
      if (heartbeat.isDue()) yield ': heartbeat\n\n'
      else await wake.sleep()
    }
  } finally {
    stopListening()
    heartbeat.stop()
    signal?.removeEventListener('abort', wake.call)
  }
}

/** A function, because the compiler takes a property that was read once for settled. */
function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true
}

function frame(id: string, event: string, json: string): string {
  return `id: ${id}\nevent: ${event}\ndata: ${json}\n\n`
}

interface Heartbeat {
  /** True once after each full interval in which nothing was sent. */
  isDue(): boolean
  reset(): void
  stop(): void
}

function beat(clock: Clock, intervalMs: number, wake: () => void): Heartbeat {
  const stopping = new AbortController()
  let lastSent = clock.now()
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const quietMs = clock.now() - lastSent
      await clock.sleep(Math.max(1, intervalMs - quietMs), { signal: stopping.signal })
      wake()
    }
  }
  run().catch(() => {})
  return {
    isDue() {
      if (clock.now() - lastSent < intervalMs) return false
      lastSent = clock.now()
      return true
    },
    reset() {
      lastSent = clock.now()
    },
    stop: () => stopping.abort(),
  }
}
