import type { ReplyMirror } from '@turnstead/reply/changes'
import type { SteadyClock } from '../clock.js'
import type { Notifier, RowId, TurnGlance, TurnRecord } from '../ports.js'
import { listenLive } from './listen-live.js'
import { askRows, type GlanceStore, rowWatchOf } from './row-watch.js'
import { type RunningReply, watchRunning } from './running-here.js'
import { createShownReply } from './shown-reply.js'
import { createStandingBoard, type StandingBoard } from './standing-board.js'

/** One turn, followed once for all who follow it in this process. */
export interface SharedTurn {
  readonly mirror: ReplyMirror
  readonly record: TurnRecord
  readonly board: StandingBoard
  readonly ended: Promise<TurnRecord>
  close(): void
}

/** What a turn is followed by. */
export interface FollowSetup {
  readonly store: GlanceStore
  readonly notifier: Notifier | null
  readonly turnId: RowId
  readonly clock: SteadyClock
  readonly pollMs: number
  readonly onError: (error: unknown) => void
}

/** So long a cancelled turn's worker is given to keep what there is. */
const keepPartialMs = 15_000
/** A worker that has told something counts as heard for so long. */
const heardForMs = 10_000
/** A worker that is heard has taken it. */
const mayBegin: ReadonlySet<string> = new Set(['pending', 'waiting'])
/** So many looks in a row must not find the row: one connection may see less than another. */
const looksUntilGone = 3

/** Follows a turn whose row was just read: by its row, by what its worker tells, and directly where that is in this process. */
export function openSharedTurn(setup: FollowSetup, first: TurnRecord): SharedTurn {
  const { store, notifier, turnId, clock, onError } = setup
  const shown = createShownReply(turnId, onError)
  const unread = { status: 'pending', waitsForTurn: false, isHere: false, isOver: false } as const
  const board = createStandingBoard(unread, onError)
  const stops: (() => void)[] = []
  let record = first
  let heardAt = -Infinity
  let cancelledAt: number | null = null
  let missed = 0
  let end: (record: TurnRecord) => void = () => undefined
  const ended = new Promise<TurnRecord>((resolve) => (end = resolve))

  const close = (): void => {
    for (const stop of stops.splice(0)) stop()
  }

  /** A cancel is in the row before the worker has kept what there was. */
  const isWhole = ({ status, prompt, closedAt }: TurnRecord): boolean => {
    if (status === 'pending' || status === 'running' || status === 'waiting') return false
    if (status !== 'cancelled' || prompt === null || closedAt !== null) return true
    cancelledAt ??= clock.now()
    return clock.now() - cancelledAt >= keepPartialMs
  }

  const takeRow = (read: TurnRecord): void => {
    if (board.isOver) return
    record = read
    const isEnd = isWhole(read)
    shown.takeRow(read, isEnd)
    board.learn({ status: read.status, isOver: isEnd })
    if (!isEnd) return
    close()
    end(read)
  }

  const readRow = oneAtATime(async () => {
    if (board.isOver) return
    try {
      const read = await askRows(clock, () => store.read(turnId))
      if (read !== null) takeRow(read)
      else if (missed >= looksUntilGone) takeRow(removed(record, clock.wall()))
    } catch (error) {
      onError(error)
    }
  })

  const isHeard = (): boolean => clock.now() - heardAt < heardForMs

  const glance = (seen: TurnGlance | null): void => {
    if (board.isOver) return
    missed = seen === null ? missed + 1 : 0
    if (seen === null) return readRow()
    const { isHere, status } = board.facts
    const isRowBehind = isHere || isHeard()
    const isChanged = seen.revision !== record.revision && !isRowBehind
    if (seen.status !== status || isChanged || status === 'cancelled') readRow()
    board.learn({ waitsForTurn: seen.waitsForTurn })
  }

  let unfollow: (() => void) | null = null
  const follow = (running: RunningReply | null): void => {
    unfollow?.()
    unfollow = running === null ? null : shown.follow(running)
    const wasHere = board.facts.isHere
    board.learn(running === null ? { isHere: false } : { isHere: true, status: 'running' })
    if (running === null && wasHere) readRow()
  }

  const listen = (heard: Notifier): (() => void) =>
    listenLive(
      { ...setup, notifier: heard },
      {
        get position() {
          return shown.position
        },
        hear(message) {
          if (board.isOver || board.facts.isHere) return null
          heardAt = clock.now()
          if (mayBegin.has(board.facts.status)) board.learn({ status: 'running' })
          return shown.takeMessage(message)
        },
        onNotice(type) {
          // What a snapshot or an answer has changed, a worker that is heard has told already.
          const isTold = (type === 'changed' || type === 'answered') && isHeard()
          const { isHere, status } = board.facts
          if (status === 'cancelled' || !(isHere || isTold)) readRow()
        },
      },
    )

  takeRow(first)
  if (!board.isOver) {
    stops.push(rowWatchOf(store, setup).add(turnId, { onGlance: glance, onError }))
    if (notifier !== null) stops.push(listen(notifier))
    stops.push(watchRunning(store, turnId, follow), () => unfollow?.())
  }
  return {
    mirror: shown.mirror,
    get record() {
      return record
    },
    board,
    ended,
    close,
  }
}

/** A turn whose row the host has deleted, as its removal leaves it. */
function removed(record: TurnRecord, now: number): TurnRecord {
  const { closedAt, reason, settledAt } = record
  const ends = { settledAt: settledAt ?? now, closedAt: closedAt ?? now }
  return { ...record, status: 'cancelled', reason: reason ?? 'removed', ...ends }
}

/** Asked again while it works, it works once more afterwards. */
function oneAtATime(work: () => Promise<void>): () => void {
  let isWorking = false
  let isAskedAgain = false
  const run = async (): Promise<void> => {
    isWorking = true
    do {
      isAskedAgain = false
      await work()
    } while (isAskedAgain)
    isWorking = false
  }
  return () => {
    if (isWorking) isAskedAgain = true
    else void run()
  }
}
