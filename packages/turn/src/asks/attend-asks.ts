import type { Ask } from '@turnstead/reply'
import type { PolicyDecision } from '../ask-policy.js'
import type { AskDecision } from '../ask-records.js'
import { TurnError } from '../errors.js'
import { openAsks, requestLimits, type TurnRun } from '../run/run.js'
import { type AskRows, openAskRows, toOpenAsk } from './ask-rows.js'
import { callPolicy } from './call-policy.js'
import { watchNotices } from './watch-notices.js'
import { sendAnswer } from './send-answer.js'

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
  /** Stores what happened last. */
  close(): Promise<void>
}

/** An ask that was put before the policy. */
interface Attended {
  readonly since: number
  /** What is decided without anyone, and when. */
  late: { readonly at: number; readonly decision: AskDecision; readonly rule: string }
  /** What this process has decided; the row says whether it was the first. */
  wish: AskDecision | null
  /** Null while nothing is to be sent. */
  decision: AskDecision | null
  /** When the decision is sent next. */
  sendAt: number
  /** When it was sent with an end that is not known: before it is sent again the server's lists must still show the ask. */
  doubtedAt: number | null
  /** Why it did not arrive the last time. */
  failure: unknown
}

const retryMs = 500
/** So long the server's lists are given to show that an ask is gone. */
const listedMs = 2_000
const tooLate: AskDecision = { action: 'reject', message: 'No one answered in time.' }

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
  // An earlier worker may have answered: only the server's lists say what is still open.
  const isResumed = run.delivery.isResumed
  // A list may take as long as any request; sent before it has come, an answer would be sent a second time.
  const unlistedMs = Math.max(listedMs, budgets.requestMs)
  const lastAt = ({ since }: Attended): number => since + budgets.askMs + budgets.requestMs

  const unwatch = watchNotices(run.setup, ({ type }) => {
    if (type !== 'answered' && type !== 'missed') return
    rows.reread()
    run.wakeup.wake()
  })

  const begin = (ask: Ask): Attended => {
    const since = clock.now()
    const late = { at: since + budgets.askMs, decision: tooLate, rule: 'askMs' }
    const attended: Attended = {
      since,
      late,
      wish: null,
      decision: null,
      sendAt: Infinity,
      doubtedAt: null,
      failure: undefined,
    }
    asks.set(ask.id, attended)
    rows.change({ type: 'opened', ask: toOpenAsk(ask, clock.wall()) })
    const decision = callPolicy(run, ask)
    if (!(decision instanceof Promise)) apply(ask, attended, decision)
    // Not awaited: it may ask a person, and the turn must learn of its end meanwhile.
    else void decision.then((later) => apply(ask, attended, later))
    return attended
  }

  const apply = (ask: Ask, attended: Attended, decision: PolicyDecision): void => {
    if (decision.action !== 'wait') {
      decide(ask, attended, decision, decision.rule)
    } else if (decision.forMs !== undefined) {
      const { forMs, otherwise = tooLate } = decision
      const { rule = 'deadline' } = otherwise as { readonly rule?: string }
      const at = Math.min(attended.since + forMs, attended.late.at)
      attended.late = { at, decision: otherwise, rule }
    }
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
    rows.change({ type: 'decided', askId, decision, by: 'policy', rule: rule ?? null })
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

  const maySend = ({ doubtedAt, since }: Attended): boolean => {
    if (doubtedAt !== null) return run.schedule.hasReadAsksSince(doubtedAt)
    return !isResumed || run.schedule.hasReadAsks() || clock.now() >= since + unlistedMs
  }

  return {
    attend() {
      // Without an ask there is nothing that anyone could have answered.
      if (run.lease.asksRevision !== knownRevision && asks.size > 0) rows.reread()
      knownRevision = run.lease.asksRevision
      const open = openAsks(run)
      for (const ask of open) {
        const now = clock.now()
        const attended = asks.get(ask.id) ?? begin(ask)
        if (now >= lastAt(attended)) throw unanswerable(ask, attended.failure)
        const { late } = attended
        if (now >= late.at) decide(ask, attended, late.decision, late.rule)
        learn(ask, attended)
        if (attended.decision !== null && now >= attended.sendAt && maySend(attended)) {
          void send({ run, rows }, ask, attended, attended.decision)
        }
      }
      rows.endGone()
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
        if (attended === undefined) continue
        const { decision, doubtedAt, late, sendAt, since, wish } = attended
        const decideAt = wish === null && decision === null ? late.at : Infinity
        // The poll that reads the lists wakes this by itself.
        const listedAt = doubtedAt === null ? since + unlistedMs : Infinity
        const sendsAt = maySend(attended) ? sendAt : Math.max(sendAt, listedAt)
        next = Math.min(next, decideAt, sendsAt, lastAt(attended))
      }
      return next
    },
    async close() {
      unwatch()
      await rows.close()
    },
  }
}

/** Sends under way run beside the loop. */
interface Attending {
  readonly run: TurnRun
  readonly rows: AskRows
}

async function send(
  { run, rows }: Attending,
  ask: Ask,
  attended: Attended,
  decision: AskDecision,
): Promise<void> {
  const { clock } = run.setup
  attended.sendAt = Infinity
  try {
    const answered = await sendAnswer(run, ask, decision, requestLimits(run))
    if (answered.outcome === 'sent') rows.change({ type: 'sent', askId: ask.id })
    if (answered.outcome === 'again') {
      attended.failure = answered.error
      attended.sendAt = clock.now() + retryMs
      if (answered.mayHaveArrived) doubt(run, attended)
    }
    if (answered.outcome === 'gone') {
      // Another client has answered, or the server forgot it, and no event said so: its lists know. Where they still have
      // it, the answer went astray, and is sent again.
      doubt(run, attended)
      attended.sendAt = clock.now() + listedMs
    }
  } catch (error) {
    if (!run.signal.aborted) run.setup.report(error, 'asks')
    attended.sendAt = clock.now() + retryMs
  }
  run.wakeup.wake()
}

function doubt(run: TurnRun, attended: Attended): void {
  attended.doubtedAt = run.setup.clock.now()
  run.schedule.gap()
}

/** As it is stored and sent: the rule is beside it. */
function withoutRule(decision: AskDecision): AskDecision {
  switch (decision.action) {
    case 'allow':
      return { action: decision.action }
    case 'answer':
      return { action: decision.action, answers: decision.answers }
    case 'reject': {
      const { action, message } = decision
      return message === undefined ? { action } : { action, message }
    }
  }
}

function unanswerable(ask: Ask, cause: unknown): TurnError {
  return new TurnError(
    'ask_unanswerable',
    `The OpenCode server did not take the answer to the ${ask.kind} ${ask.id} in time; the turn was stopped. Ask again.`,
    { cause },
  )
}
