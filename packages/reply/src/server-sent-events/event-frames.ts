import { longestTimerMs, monotonic, systemClock } from '../streaming/clock.js'
import type { Clock } from '../streaming/clock.js'
import { followTurn } from '../streaming/follow-turn.js'
import { heartbeatFrame } from '../streaming/keep-alive.js'
import type { RunningTurn, TurnEnd } from '../streaming/follow-turn.js'
import { requireRange } from '../streaming/require-range.js'
import type { ChangeLog } from './change-log.js'

/** Options of a stream of server-sent events. */
export interface EventStreamOptions extends TurnEnd {
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
export function eventFrames(
  log: ChangeLog,
  lastEventId: string | null,
  options: EventStreamOptions,
): AsyncGenerator<string> {
  const { maxBehind = 200, heartbeatMs = 15_000, clock = systemClock } = options
  requireRange('maxBehind', maxBehind, 0)
  requireRange('heartbeatMs', heartbeatMs, 1, longestTimerMs)
  let position = readPosition(log, lastEventId)
  return followTurn(
    options,
    (wake) => log.onChange(wake),
    async function* (turn) {
      const heartbeat = beat(clock, heartbeatMs, turn)
      while (!turn.isLeft) {
        const { isOver } = turn
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
          if (turn.isLeft) return
        }
        if (changes.length > 0) continue
        if (isOver) {
          yield frame(endId(log), 'end', JSON.stringify(log.outcome()))
          return
        }
        if (heartbeat.isDue()) yield heartbeatFrame
        else await turn.sleep()
      }
    },
  )
}

function frame(id: string, event: string, json: string): string {
  return `id: ${id}\nevent: ${event}\ndata: ${json}\n\n`
}

interface Heartbeat {
  /** True once after each full interval in which nothing was sent. */
  isDue(): boolean
  reset(): void
}

function beat(clock: Clock, intervalMs: number, { hurry, wake }: RunningTurn): Heartbeat {
  let lastSent = monotonic(clock)
  const run = async (): Promise<void> => {
    while (!hurry.aborted) {
      const quietMs = monotonic(clock) - lastSent
      await clock.sleep(Math.max(1, intervalMs - quietMs), { signal: hurry })
      wake()
    }
  }
  run().catch(() => {})
  return {
    isDue() {
      if (monotonic(clock) - lastSent < intervalMs) return false
      lastSent = monotonic(clock)
      return true
    },
    reset() {
      lastSent = monotonic(clock)
    },
  }
}
