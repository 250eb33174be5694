import type { Ask } from '@turnstead/reply'
import type { PolicyDecision } from '../ask-policy.js'
import type { AskDecision } from '../ask-records.js'
import { openAsks, type TurnRun } from '../run/run.js'
import { openAskRows, toOpenAsk } from './ask-rows.js'
import { createAskedBefore } from './asked-before.js'
import { answerAsBefore } from './answer-as-before.js'
import { type Attended, leaveToPerson, newAttended, unanswerable, withoutRule } from './attended.js'
import { callPolicy } from './call-policy.js'
import { deliverAnswer, listedMs } from './deliver-answer.js'
import { createSending } from './sending.js'
import { closeStale, type Waiting, waitOf } from './wait-of-asks.js'
import { watchNotices } from './watch-notices.js'

/** Puts the asks of a turn before the policy and sends what was decided, by it or by a person. */
export interface AskAttendant {
  /**
   * Attends to every open ask, without waiting for anyone.
   *
   * @throws TurnError `ask_unanswerable` when the server has not taken an answer for too long.
   */
  attend(): void
  /** When an open ask has to be answered or runs out of time; Infinity when none waits. */
  nextAt(): number
  /** All that goes on is to wait for people, and the row has it; null otherwise. */
  waiting(): Waiting | null
  /** Closes answers to what is not asked any more; false when there are none. What was asked again in the same words has them by now. */
  closeStale(): boolean
  /** No answer to this ask can have reached the server. */
  isUnsent(askId: string): boolean
  /** In the message whose call asked, something else may have run. */
  hasRunBeside(askId: string): boolean
  /** The asks whose answers, of people, no server has been given yet. */
  unsent(): readonly string[]
  /** There are some, or it is not known yet what the row has of an earlier worker. */
  mayHaveUnsent(): boolean
  /** Stores what happened last. */
  close(): Promise<void>
}

const lookAgainMs = 100

/**
 * The clocks of progress and wall time stand still while a person may still decide; they run again as soon as a decision is
 * made, so that a server that does not take it cannot suspend them forever.
 *
 * Where the store keeps asks, each decision is in the row before it is sent, and what is sent is the row's.
 */
export function attendAsks(run: TurnRun): AskAttendant {
  const { budgets, clock } = run.setup
  const asks = new Map<string, Attended>()
  const rows = openAskRows(run)
  let knownRevision = run.lease.asksRevision
  const sending = createSending(run, rows)
  const before = createAskedBefore(() => clock.now())

  /** When a person's time began, on this process's clock. */
  const askedAtOf = (ask: Ask): number => {
    const earlier = before.sameAs(ask)
    const isSame = earlier?.state === 'expired' && isUnsent(earlier.id)
    const known = isSame ? asks.get(earlier.id)?.askedAt : undefined
    const at = run.askedAt.get(ask.id) ?? (isSame ? run.askedAt.get(earlier.id) : undefined)
    if (at === undefined) return known ?? clock.now()
    return clock.now() - Math.max(0, clock.wall() - at)
  }

  const unwatch = watchNotices(run.setup, ({ type }) => {
    if (type !== 'answered' && type !== 'missed') return
    rows.reread()
    run.wakeup.wake()
  })

  const begin = (ask: Ask): Attended => {
    const times = { since: clock.now(), askedAt: askedAtOf(ask) }
    const attended = newAttended(times, budgets.askMs)
    asks.set(ask.id, attended)
    rows.change({ type: 'opened', ask: toOpenAsk(ask, clock.wall()) })
    if (answerAsBefore({ run, rows, before }, ask, attended)) return attended
    const decision = callPolicy(run, ask)
    if (!(decision instanceof Promise)) apply(ask, attended, decision)
    // Not awaited: it may ask a person, and the turn must learn of its end meanwhile.
    else void decision.then((later) => apply(ask, attended, later))
    return attended
  }

  const apply = (ask: Ask, attended: Attended, decision: PolicyDecision): void => {
    if (decision.action === 'wait') leaveToPerson(attended, decision)
    else decide(ask, attended, decision, decision.rule)
    run.wakeup.wake()
  }

  const decide = (
    { id: askId }: Ask,
    attended: Attended,
    given: AskDecision,
    rule: string | undefined,
  ): void => {
    if (attended.wish !== null || attended.decision !== null) return
    const decision = withoutRule(given)
    attended.wish = decision
    attended.isMarked = true
    rows.change({ type: 'decided', askId, decision, by: 'policy', rule: rule ?? null })
    rows.change({ type: 'sending', askId })
    run.tracing.decided(askId, { by: 'policy', rule: rule ?? null })
  }

  /** Takes up what the row says; without a row, what was decided here. */
  const learn = ({ id }: Ask, attended: Attended): void => {
    if (attended.decision !== null) return
    const record = rows.get(id)
    const decision = rows.isKept ? (record?.decision ?? null) : attended.wish
    if (decision === null) return
    attended.decision = decision
    if (record !== undefined && record.answeredBy !== 'policy') {
      run.tracing.decided(id, { by: 'person', rule: null })
    }
    // Sent, and still open: the lists are given the time to show that it arrived.
    attended.sendAt = clock.now() + (rows.isKept && record?.state === 'sent' ? listedMs : 0)
  }

  const isUnsent = (askId: string): boolean => sending.isUnsent(askId, asks.get(askId))
  const unsent = (): readonly string[] =>
    rows.all().flatMap(({ id, state }) => (state === 'answered' && isUnsent(id) ? [id] : []))

  return {
    attend() {
      // Without an ask there is nothing that anyone could have answered.
      if (run.lease.asksRevision !== knownRevision && asks.size > 0) rows.reread()
      knownRevision = run.lease.asksRevision
      if (run.reply !== null) before.follow(run.reply)
      const open = openAsks(run)
      for (const ask of open) {
        const now = clock.now()
        // Whether it was answered before is known by the row, and by the call that asks.
        if (!asks.has(ask.id) && !(rows.isRead && before.isKnown(ask))) continue
        const attended = asks.get(ask.id) ?? begin(ask)
        if (now >= sending.lastAt(attended)) throw unanswerable(ask, attended.failure)
        const { late } = attended
        if (now >= late.at) decide(ask, attended, late.decision, late.rule)
        learn(ask, attended)
        const { decision } = attended
        if (decision !== null && sending.isFree(ask, attended)) {
          void deliverAnswer({ run, rows }, ask, attended, decision)
        }
      }
      rows.endGone((askId) => before.isOver(askId))
      rows.write()
      const isUndecided = ({ id }: Ask): boolean => {
        const attended = asks.get(id)
        return attended?.decision === null && attended.wish === null
      }
      run.usage.blocked(open.some(isUndecided))
    },
    nextAt() {
      let next = rows.nextAt()
      for (const { id } of openAsks(run)) {
        const attended = asks.get(id)
        if (attended === undefined) {
          next = Math.min(next, clock.now() + lookAgainMs)
          continue
        }
        const { decision, late, wish } = attended
        const decideAt = wish === null && decision === null ? late.at : Infinity
        next = Math.min(next, decideAt, sending.nextAt(id, attended), sending.lastAt(attended))
      }
      return next
    },
    waiting: () => waitOf(openAsks(run), asks, rows),
    closeStale: () => closeStale(openAsks(run), rows),
    isUnsent,
    hasRunBeside: (askId) => before.hasRunBeside(askId),
    unsent,
    mayHaveUnsent: () => !rows.isRead || unsent().length > 0,
    async close() {
      unwatch()
      await rows.close()
    },
  }
}
