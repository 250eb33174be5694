import type { Ask } from '@turnstead/reply'
import type { AskDecision } from '../ask-policy.js'
import { TurnError } from '../errors.js'
import { openAsks, requestLimits, type TurnRun } from '../run/run.js'
import { sendAnswer } from './send-answer.js'

/** Puts the asks of a turn before the policy and sends what was decided. */
export interface AskAttendant {
  /**
   * Attends to every open ask, without waiting for anyone.
   *
   * @throws TurnError `ask_unanswerable` when the server has not taken an answer for too long.
   */
  attend(): void
  /** When an open ask has to be answered or runs out of time; Infinity when none waits. */
  nextAt(): number
}

/** An ask that was put before the policy. */
interface Attended {
  readonly since: number
  /** Null while nothing is to be sent. */
  decision: AskDecision | null
  /** When the decision is sent next. */
  sendAt: number
  /** Why it did not arrive the last time. */
  failure: unknown
}

const retryMs = 500
/** So long the server's lists are given to show that an ask is gone. */
const listedMs = 2_000

/**
 * The clocks of progress and wall time stand still while a person may still decide; they run again as soon as a decision is
 * made, so that a server that does not take it cannot suspend them forever.
 */
export function attendAsks(run: TurnRun): AskAttendant {
  const { budgets, clock } = run.setup
  const asks = new Map<string, Attended>()
  const lastAt = ({ since }: Attended): number => since + budgets.askMs + budgets.requestMs

  const decide = async (ask: Ask, attended: Attended): Promise<void> => {
    const decision = await askPolicy(run, ask)
    if (decision.action === 'wait' || attended.decision !== null) return
    attended.decision = decision
    attended.sendAt = clock.now()
    run.wakeup.wake()
  }

  const send = async (ask: Ask, attended: Attended, decision: AskDecision): Promise<void> => {
    attended.sendAt = Infinity
    try {
      const answered = await sendAnswer(run, ask, decision, requestLimits(run))
      if (answered.outcome === 'again') {
        attended.failure = answered.error
        attended.sendAt = clock.now() + retryMs
      }
      if (answered.outcome === 'gone') {
        // Another client has answered, or the server forgot it, and no event said so: its lists know. Where they still have
        // it, the answer went astray, and is sent again.
        run.schedule.gap()
        attended.sendAt = clock.now() + listedMs
      }
    } catch (error) {
      if (!run.signal.aborted) run.setup.report(error, 'asks')
      attended.sendAt = clock.now() + retryMs
    }
    run.wakeup.wake()
  }

  return {
    attend() {
      const open = openAsks(run)
      for (const ask of open) {
        const now = clock.now()
        let attended = asks.get(ask.id)
        if (attended === undefined) {
          attended = { since: now, decision: null, sendAt: Infinity, failure: undefined }
          asks.set(ask.id, attended)
          // Not awaited: it may ask a person, and the turn must learn of its end meanwhile.
          void decide(ask, attended)
        }
        if (now >= lastAt(attended)) throw unanswerable(ask, attended.failure)
        if (attended.decision === null && now >= attended.since + budgets.askMs) {
          attended.decision = { action: 'reject', message: 'No one answered in time.' }
          attended.sendAt = now
        }
        if (attended.decision !== null && now >= attended.sendAt) {
          void send(ask, attended, attended.decision)
        }
      }
      run.usage.blocked(open.some((ask) => asks.get(ask.id)?.decision === null))
    },
    nextAt() {
      let next = Infinity
      for (const { id } of openAsks(run)) {
        const attended = asks.get(id)
        if (attended === undefined) continue
        const decideAt = attended.decision === null ? attended.since + budgets.askMs : Infinity
        next = Math.min(next, decideAt, attended.sendAt, lastAt(attended))
      }
      return next
    },
  }
}

async function askPolicy(run: TurnRun, ask: Ask): Promise<AskDecision> {
  try {
    const decision = await run.setup.asks(ask)
    const isOfOtherKind = decision.action === (ask.kind === 'permission' ? 'answer' : 'allow')
    if (!isOfOtherKind) return decision
    throw new TypeError(
      `\`asks\` must decide a ${ask.kind} by ${ask.kind === 'permission' ? '`allow`' : '`answer`'}, \`reject\` or \`wait\``,
    )
  } catch (error) {
    run.setup.report(error, 'asks')
    return { action: 'wait' }
  }
}

function unanswerable(ask: Ask, cause: unknown): TurnError {
  return new TurnError(
    'ask_unanswerable',
    `The OpenCode server did not take the answer to the ${ask.kind} ${ask.id} in time; the turn was stopped. Ask again.`,
    { cause },
  )
}
