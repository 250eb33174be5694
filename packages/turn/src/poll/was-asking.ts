import type { Reply } from '@turnstead/reply'
import { callOf } from './call-of.js'

/** Whether a call of the agent still waits for an answer that can no longer come. */
export function wasAsking(reply: Reply): boolean {
  return reply.asks.some((ask) => {
    if (ask.state !== 'open' && ask.state !== 'expired') return false
    const status = callOf(reply, ask)?.status
    return status !== 'completed' && status !== 'error'
  })
}
