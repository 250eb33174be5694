import { announceChange } from '../state/part-store.js'
import { isAnswer } from '../state/state.js'
import type { MessageState, PartState, ReplyState } from '../state/state.js'

/**
 * Marks the texts of attempts that failed and were repeated: by a later step of the same message, or by a later message
 * when the server died over the first one.
 *
 * A provider may end a stream in a way that makes the server call it again in the same message, and then the texts of
 * the attempts before are stored too. An attempt that succeeded ends with a step of its own.
 */
export function markAttempts(state: ReplyState): void {
  for (const message of state.repeated) {
    for (const [part, superseded] of supersededParts(message)) {
      if (part.superseded === superseded) continue
      part.superseded = superseded
      announceChange(state, part)
    }
  }
  state.repeated.clear()
}

function supersededParts(message: MessageState): (readonly [PartState, boolean])[] {
  const { parts, session } = message
  const isRepeated = message.completedAt === null && session.order.findLast(isAnswer) !== message
  const first = parts.findIndex(({ body }) => body?.kind === 'step-start')
  const found: (readonly [PartState, boolean])[] = []
  let beganAgain = false
  for (const [index, part] of [...parts.entries()].reverse()) {
    const kind = part.body?.kind
    if (kind === 'step-start') beganAgain = true
    else if (kind === 'step-finish') beganAgain = false
    else if (kind === 'text' || kind === 'reasoning')
      found.push([part, (beganAgain && index > first) || (part.lost && isRepeated)])
  }
  return found
}
