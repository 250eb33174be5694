import type { Ask } from '@turnstead/reply'
import type { TurnRun } from '../run/run.js'
import type { AskRows } from './ask-rows.js'
import type { Attended } from './attended.js'
import { listedMs } from './deliver-answer.js'

/** When an answer may be sent, and whether it was. */
export interface Sending {
  /** When the server must have taken an answer, else the turn ends. */
  lastAt(attended: Attended): number
  /** Whether it may be sent now; what has to be written before that is on its way then. */
  isFree(ask: Ask, attended: Attended): boolean
  /** When to look again whether it may be sent; Infinity while something else will say so. */
  nextAt(askId: string, attended: Attended): number
  /** No answer to this ask can have reached the server. */
  isUnsent(askId: string, attended: Attended | undefined): boolean
}

export function createSending(run: TurnRun, rows: AskRows): Sending {
  const { budgets, clock } = run.setup
  // An earlier worker may have answered: only the server's lists say what is still open.
  const { isResumed } = run.delivery
  // A list may take as long as any request; sent before it has come, an answer would be sent a second time.
  const unlistedMs = Math.max(listedMs, budgets.requestMs)

  const mayBeOpen = ({ doubtedAt, since }: Attended): boolean => {
    if (doubtedAt !== null) return run.schedule.hasReadAsksSince(doubtedAt)
    return !isResumed || run.schedule.hasReadAsks() || clock.now() >= since + unlistedMs
  }
  /** Whoever comes after this process must not take for unsent what was sent. */
  const isNoted = (askId: string): boolean => !rows.isKept || rows.get(askId)?.triedAt !== null

  return {
    // What another process has seen may have run out of time already: its answer gets the time of an outage.
    lastAt: ({ since, askedAt }) =>
      Math.max(askedAt + budgets.askMs, askedAt < since ? since + budgets.unreachableMs : since) +
      budgets.requestMs,
    isFree({ id }, attended) {
      if (clock.now() < attended.sendAt || !mayBeOpen(attended)) return false
      if (isNoted(id)) return true
      if (!attended.isMarked) rows.change({ type: 'sending', askId: id })
      attended.isMarked = true
      return false
    },
    nextAt(askId, attended) {
      const { doubtedAt, isMarked, sendAt, since } = attended
      // The write that notes it wakes the turn.
      if (isMarked && !isNoted(askId)) return Infinity
      if (mayBeOpen(attended)) return sendAt
      // The poll that reads the lists wakes it by itself.
      return Math.max(sendAt, doubtedAt === null ? since + unlistedMs : Infinity)
    },
    isUnsent(askId, attended) {
      const record = rows.get(askId)
      if (record === undefined) return !isResumed && (attended?.decision ?? null) === null
      return record.state === 'open' || (record.state !== 'sent' && record.triedAt === null)
    },
  }
}
