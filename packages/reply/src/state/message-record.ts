import type { MessageRecord } from '../records/message-record.js'
import { spentOn } from '../records/spent.js'
import type { Spent } from '../records/spent.js'
import { isAnswer } from './state.js'
import type { MessageState, SessionState } from './state.js'
import { isNoTokens } from '../records/tokens.js'

/** The public record of a message. */
export function recordOf(message: MessageState): MessageRecord {
  return Object.freeze({
    id: message.id,
    sessionId: message.session.id,
    parentId: message.parentId,
    agent: message.agent,
    mode: message.mode,
    providerId: message.providerId,
    modelId: message.modelId,
    summary: message.summary,
    createdAt: message.createdAt,
    completedAt: message.completedAt,
    finish: message.finish,
    error: message.error,
    structured: message.structured,
    ...spentIn(message),
  })
}

/** The messages of a session that belong to the reply, in order. */
export function recordsOf({ order }: SessionState): readonly MessageRecord[] {
  return order.filter(isAnswer).map(recordOf)
}

/**
 * What a message cost: the server's own figures once it stated them, else those of the steps it has finished. The
 * server sends the step a moment before the message.
 */
function spentIn({ completedAt, cost, tokens, parts }: MessageState): Spent {
  if (completedAt !== null || cost !== 0 || !isNoTokens(tokens)) return { cost, tokens }
  return spentOn(parts.map(({ body }) => body).filter((body) => body?.kind === 'step-finish'))
}
