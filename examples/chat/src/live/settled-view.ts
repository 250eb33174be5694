import { parseReply, SnapshotError, type Reply } from '@turnstead/reply'
import { html } from '@turnstead/reply/turbo'
import { isTerminal } from '@turnstead/session'
import { endingOf, type TurnRecord, turnEndings } from '@turnstead/turn'
import type { Message } from '../rows/models.js'
import { describeFailure, describeProviderFailure } from '../views/failure.js'
import { createReplyView } from '../views/reply.js'
import type { Standing, TurnView } from '../views/turn.js'
import { hasLostAsk } from './activity.js'
import { type ContextUse, contextUseOf } from './context-use.js'

export interface SettledFacts {
  /** What the agent asked, as the row keeps it. */
  readonly asks: TurnRecord['asks']
  /** Folders of this machine whose paths no page shall see. */
  readonly roots: readonly string[]
}

/** What a page shows of a turn that is over, by its row alone. */
export function settledView(
  message: Message,
  { asks, roots }: SettledFacts,
): Pick<TurnView, 'parts' | 'asks' | 'standing'> & { readonly use: ContextUse | null } {
  const reply = storedReply(message)
  const pieces = reply && createReplyView(reply, { turnId: message.id, roots }).pieces()
  return {
    parts: pieces?.parts ?? html``,
    asks: pieces?.asks ?? html``,
    standing: standingOf(message, reply, asks),
    use: reply && contextUseOf(reply),
  }
}

/** A reply that another version stored is not shown, rather than none of the conversation. */
function storedReply({ turn_reply: reply, turn_status: status }: Message): Reply | null {
  if (reply === null) return null
  try {
    const stored = parseReply(reply)
    // An earlier version, or a cancel whose worker was dead, left it open.
    if (status !== null && isTerminal(status)) stored.close()
    return stored
  } catch (error) {
    if (SnapshotError.is(error)) return null
    throw error
  }
}

function standingOf(message: Message, reply: Reply | null, asks: TurnRecord['asks']): Standing {
  const { turn_status: status, turn_started_at: startedAt, turn_settled_at: settledAt } = message
  if (status === null || !isTerminal(status)) {
    return { kind: 'live', tone: 'calm', text: 'Waiting for news' }
  }
  return {
    kind: 'over',
    note: noteOf(message, reply, asks),
    cost: message.turn_cost,
    inputTokens:
      message.turn_input_tokens + message.turn_cache_read_tokens + message.turn_cache_write_tokens,
    outputTokens: message.turn_output_tokens + message.turn_reasoning_tokens,
    durationMs: startedAt === null || settledAt === null ? null : settledAt - startedAt,
  }
}

function noteOf(
  message: Message,
  reply: Reply | null,
  asks: TurnRecord['asks'],
): OverStanding['note'] {
  if (message.turn_status === 'cancelled') {
    if (message.turn_reason === 'withdrawn') {
      return { tone: 'plain', text: 'You took this back. It was never asked.' }
    }
    const kept = message.turn_text ? ' What was written until then is kept.' : ''
    return { tone: 'plain', text: `You stopped this.${kept}` }
  }
  if (message.turn_status === 'failed') {
    const isProvider = message.turn_error_code?.startsWith('provider_') === true
    const text = isProvider
      ? describeProviderFailure(reply?.result().error ?? null)
      : describeFailure(message.turn_error_code)
    // What the reader decided is no failure.
    return { tone: message.turn_error_code === 'ask_rejected' ? 'plain' : 'bad', text }
  }
  if (message.turn_session_recreated) {
    const text =
      'OpenCode had lost this conversation: the agent has forgotten what was said before.'
    return { tone: 'plain', text }
  }
  const words = completedWords(message)
  if (words !== '') return { tone: 'plain', text: words }
  return hasLostAsk(asks) ? { tone: 'plain', text: askedAgain } : null
}

/** What is to be said of an answer beside it. */
function completedWords({ turn_reason: reason }: Message): string {
  const ending = endingOf({ status: 'completed', error: null, reason })
  return ending === null ? '' : turnEndings[ending].words
}

const askedAgain = 'OpenCode was restarted while the agent waited for an answer, so it asked again.'

type OverStanding = Extract<Standing, { kind: 'over' }>
