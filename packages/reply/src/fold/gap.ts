import { announceChange } from '../state/part-store.js'
import type { ReplyState } from '../state/state.js'

/** Notes that the stream may have lost events: what open texts show may have holes until the server restates them. */
export function noteGap(state: ReplyState): void {
  for (const session of state.sessions.values()) {
    for (const part of session.open) {
      part.startSeen = false
      if (part.gapped || part.lost) continue
      part.gapped = true
      announceChange(state, part)
    }
  }
}
