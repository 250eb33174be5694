import { isAnswer } from './state.js'
import type { MessageState, ReplyState, SessionState } from './state.js'

/** The message that a part of the stream alone is filed under: the newest of the session, else the prompt. */
export function streamMessage(state: ReplyState, session: SessionState): MessageState {
  const newest = session.order.findLast(isAnswer)
  return newest ?? state.prompt
}

/**
 * The place of a part of the stream alone: directly behind the part that is last now.
 *
 * Server ids use letters and digits only, so that `~` sorts behind its anchor and before every later id.
 */
export function streamKey(message: MessageState, id: string): string {
  const last = message.parts.at(-1)
  return last === undefined ? ` ${id}` : `${last.key}~${id}`
}
