import type { Ask } from '@turnstead/reply'
import type { AskWait } from '../ask-policy.js'
import type { AskDecision } from '../ask-records.js'
import { TurnError } from '../errors.js'

/** An ask that was put before the policy. */
export interface Attended {
  readonly since: number
  /** When the person's time began: before this process, where another one has seen the ask. */
  readonly askedAt: number
  /** What is decided without anyone, and when. */
  late: { readonly at: number; readonly decision: AskDecision; readonly rule: string }
  /** The policy leaves it to a person. */
  isLeft: boolean
  /** What this process has decided; the row says whether it was the first. */
  wish: AskDecision | null
  /** Null while nothing is to be sent. */
  decision: AskDecision | null
  /** The row is told that the answer is about to be sent. */
  isMarked: boolean
  /** When the decision is sent next. */
  sendAt: number
  /** When it was sent with an end that is not known: before it is sent again the server's lists must still show the ask. */
  doubtedAt: number | null
  /** Why it did not arrive the last time. */
  failure: unknown
}

const tooLate: AskDecision = { action: 'reject', message: 'No one answered in time.' }

export function newAttended(
  times: { readonly since: number; readonly askedAt: number },
  askMs: number,
): Attended {
  return {
    ...times,
    late: { at: times.askedAt + askMs, decision: tooLate, rule: 'askMs' },
    isLeft: false,
    wish: null,
    decision: null,
    isMarked: false,
    sendAt: Infinity,
    doubtedAt: null,
    failure: undefined,
  }
}

/** The policy leaves it to a person, perhaps for less than the longest time. */
export function leaveToPerson(
  attended: Attended,
  { forMs, otherwise = tooLate }: Pick<AskWait, 'forMs' | 'otherwise'>,
): void {
  attended.isLeft = true
  if (forMs === undefined) return
  const { rule = 'deadline' } = otherwise as { readonly rule?: string }
  const at = Math.min(attended.askedAt + forMs, attended.late.at)
  attended.late = { at, decision: otherwise, rule }
}

/** As it is stored and sent: the rule is beside it. */
export function withoutRule(decision: AskDecision): AskDecision {
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

export function unanswerable(ask: Ask, cause: unknown): TurnError {
  return new TurnError(
    'ask_unanswerable',
    `The OpenCode server did not take the answer to the ${ask.kind} ${ask.id} in time; the turn was stopped. Ask again.`,
    { cause },
  )
}
