import type { TurnRun } from '../run/run.js'
import { keepHistory } from './keep-history.js'

/** Keeps the history of a long turn on the way, so that a server which is lost late loses little. */
export interface SafePoints {
  /** Asks for a poll when the time has come: what is kept is what it reads. */
  attend(): void
  /** A poll has come through. */
  polled(): void
  nextAt(): number
  /** Waits for what is under way: what the turn ends with is kept after it. */
  close(): Promise<void>
}

export function createSafePoints(run: TurnRun): SafePoints {
  const { clock, timing } = run.setup
  const beganAt = clock.now()
  let dueAt = run.history === null ? Infinity : beganAt + timing.historyMs
  let isAsked = false
  let keeping: Promise<void> | null = null
  return {
    attend() {
      if (isAsked || keeping !== null || clock.now() < dueAt) return
      isAsked = true
      run.schedule.hint()
    },
    polled() {
      if (!isAsked) return
      isAsked = false
      const now = clock.now()
      // Each time all of the turn is written: in twice the time, so that it is twice the work in all.
      dueAt = now + Math.max(timing.historyMs, now - beganAt)
      keeping = keepHistory(run, 'step').finally(() => {
        keeping = null
        run.wakeup.wake()
      })
    },
    nextAt: () => (isAsked || keeping !== null ? Infinity : dueAt),
    async close() {
      await keeping
    },
  }
}
