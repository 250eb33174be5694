import { childrenByAge } from './children.js'
import { sameJson } from './json-value.js'
import { costOf, tokensOf } from './message-record.js'
import { isAnswer } from './state.js'
import type { MessageState, ReplyState } from './state.js'
import { addTokens, noTokens } from './tokens.js'
import type { Tokens } from './tokens.js'

/** What something cost. */
export interface Spent {
  readonly cost: number
  readonly tokens: Tokens
}

/** The sum over the assistant messages that belong to the reply. */
function spentOn(messages: Iterable<MessageState>): Spent {
  let cost = 0
  let tokens = noTokens
  for (const message of messages) {
    if (!isAnswer(message)) continue
    cost += costOf(message)
    tokens = addTokens(tokens, tokensOf(message))
  }
  return { cost, tokens }
}

/** Brings the totals of the whole reply up to date, sub-agents included. */
export function refreshTotals(state: ReplyState): void {
  const { cost, tokens } = spentOn(allMessages(state))
  if (cost === state.cost && sameJson(tokens, state.tokens)) return
  state.cost = cost
  state.tokens = tokens
  state.outbox.announce(() => ({ type: 'totals-changed', cost, tokens }))
}

/** Always in the same order, because a sum of fractions depends on it. */
function* allMessages(state: ReplyState): Generator<MessageState> {
  yield* state.root.order
  for (const session of childrenByAge(state)) yield* session.order
}
