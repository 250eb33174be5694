import type { AskRecord } from '../ask-records.js'
import type { AnswerRequest, AnswerResult } from '../store/ask-verbs.js'
import { isTerminal } from '../records.js'
import type { TurnStatus } from '../records.js'
import { assertDecision, assertFits } from './check-decision.js'
import { closedByEnd, decideAsk } from './merge-asks.js'

/** A turn, as far as an answer to one of its asks depends on it. */
export interface AskingTurn {
  /** Its asks as they are stored. */
  readonly asks: readonly AskRecord[]
  readonly status: TurnStatus
  readonly settledAt: number | null
}

/**
 * What becomes of an answer, for a store of one's own: the result of `answerAsk`, and the asks as they are to be stored, the
 * very same list when it was refused. Throws a `TypeError` for a decision that is none of the ask's kind.
 */
export function answerAmong(
  turn: AskingTurn,
  { askId, decision, by = null }: Omit<AnswerRequest, 'turnId'>,
  now: number,
): { readonly result: AnswerResult; readonly asks: readonly AskRecord[] } {
  assertDecision(decision)
  const ask = find(turn.asks, askId)
  if (ask === null) {
    return { result: { accepted: false, reason: 'missing', ask: null }, asks: turn.asks }
  }
  assertFits(decision, ask)
  const reason = refusalOf(turn, ask)
  if (reason !== null) {
    return { result: { accepted: false, reason, ask: asOf(turn, askId) }, asks: turn.asks }
  }
  const asks = decideAsk(turn.asks, askId, { decision, by, rule: null }, now)
  const isParked = turn.status === 'waiting'
  return { result: { accepted: true, ask: find(asks, askId) ?? ask, isParked }, asks }
}

type Refusal = Extract<AnswerResult, { accepted: false }>['reason']

function refusalOf({ status }: AskingTurn, { state }: AskRecord): Refusal | null {
  if (state === 'answered' || state === 'sent') return 'answered'
  if (isTerminal(status)) return 'settled'
  if (state === 'closed') return 'closed'
  // A row that the host has put back to `pending`: no one would send the answer.
  return status === 'running' || status === 'waiting' ? null : 'closed'
}

function asOf({ asks, status, settledAt }: AskingTurn, askId: string): AskRecord | null {
  return find(isTerminal(status) ? closedByEnd(asks, settledAt) : asks, askId)
}

function find(asks: readonly AskRecord[], askId: string): AskRecord | null {
  return asks.find(({ id }) => id === askId) ?? null
}
