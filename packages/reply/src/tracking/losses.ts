import { announceChange } from '../state/part-store.js'
import { hasUnstoredText } from '../state/state.js'
import type { PartState, ReplyState, SessionState } from '../state/state.js'

/**
 * Marks text that was seen and that the server lost.
 *
 * The server stores a text when its part ends. A part that is still open when its message has ended, when the step
 * began again, when a later message took over, or when the session went idle without it, ended without being stored.
 */
export function markLosses(state: ReplyState): void {
  for (const session of state.sessions.values()) {
    for (const part of session.open) {
      const lost =
        part.message.member &&
        part.body !== null &&
        hasUnstoredText(part) &&
        (state.closed || isGivenUp(session, part))
      // Whether a lost text was repeated by a later run may change although it stays lost.
      if (lost) state.repeated.add(part.message)
      if (lost === part.lost) continue
      part.lost = lost
      part.provenance = lost ? 'stream' : 'server'
      announceChange(state, part)
    }
  }
}

function isGivenUp(session: SessionState, part: PartState): boolean {
  const { message } = part
  return (
    message.completedAt !== null ||
    message.abandoned ||
    isRepeated(part) ||
    isSucceeded(session, part)
  )
}

/** True when the step of this part began again in the same message. */
function isRepeated(part: PartState): boolean {
  return part.message.parts.some((each) => each.body?.kind === 'step-start' && each.key > part.key)
}

/** True when a later assistant message came: a session runs one at a time, whoever asked. */
function isSucceeded(session: SessionState, part: PartState): boolean {
  const newest = session.order.findLast((each) => each.role === 'assistant')
  return newest !== undefined && newest !== part.message
}
