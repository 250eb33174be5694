import type { MessageRecord } from '../records/message-record.js'
import { childrenByAge } from './children.js'
import { sameJson } from '../records/json-value.js'
import { recordsOf } from '../state/message-record.js'
import { spentOn } from '../records/spent.js'
import type { ReplyState } from '../state/state.js'

/** Brings the totals of the whole reply up to date, sub-agents included. */
export function refreshTotals(state: ReplyState): void {
  const { cost, tokens } = spentOn(allRecords(state))
  if (cost === state.cost && sameJson(tokens, state.tokens)) return
  state.cost = cost
  state.tokens = tokens
  state.feed.announce(() => ({ type: 'totals-changed', cost, tokens }))
}

/** The messages of all sessions: the reply's own first, then those of sub-agents by age. */
export function allRecords(state: ReplyState): readonly MessageRecord[] {
  return Object.freeze([state.root, ...childrenByAge(state)].flatMap(recordsOf))
}
