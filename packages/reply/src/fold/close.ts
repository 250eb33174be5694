import { expireAsks } from '../tracking/ask-store.js'
import { derive } from '../tracking/derive.js'
import { announceChange } from '../state/part-store.js'
import type { ReplyState } from '../state/state.js'

/** Ends everything that still looked as if it went on, because the turn is settled. */
export function closeReply(state: ReplyState): void {
  if (state.closed) return
  state.closed = true
  expireAsks(state)
  for (const part of state.parts.values()) {
    const { body } = part
    if (body?.kind === 'tool' && (body.status === 'pending' || body.status === 'running'))
      announceChange(state, part)
  }
  state.stale.add('losses')
  derive(state)
}
