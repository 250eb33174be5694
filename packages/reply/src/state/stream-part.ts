import { insertPart, setBody } from './part-store.js'
import { isAnswer } from './state.js'
import type { MessageState, PartBody, PartState, ReplyState, SessionState } from './state.js'

/** Shows what the stream alone tells, or the host: in the part with this id, or in a new one. */
export function showStreamPart(
  state: ReplyState,
  session: SessionState,
  id: string,
  body: PartBody,
  provenance: 'stream' | 'host' = 'stream',
): void {
  const part = state.parts.get(id) ?? insertStreamPart(state, session, id)
  part.provenance = provenance
  setBody(state, part, body)
}

/** It is filed under the newest message of the session, else under the prompt. */
function insertStreamPart(state: ReplyState, session: SessionState, id: string): PartState {
  const message = session.order.findLast(isAnswer) ?? state.prompt
  return insertPart(state, message, id, streamKey(message, id))
}

/**
 * The place of a part of the stream alone: directly after the part that is last now.
 *
 * Server ids use letters and digits only, so that `~` sorts after its anchor and before every later id.
 */
function streamKey(message: MessageState, id: string): string {
  const last = message.parts.at(-1)
  return last === undefined ? ` ${id}` : `${last.key}~${id}`
}
