import type { Reply } from '@turnstead/reply'

/** Whether a call of the agent still waits for an answer that can no longer come. */
export function wasAsking(reply: Reply): boolean {
  const ended = new Set(
    reply
      .result()
      .tools.flatMap(({ callId, status }) =>
        status === 'completed' || status === 'error' ? [callId] : [],
      ),
  )
  return reply.asks.some(
    ({ state, callId }) =>
      (state === 'open' || state === 'expired') && !(callId !== null && ended.has(callId)),
  )
}
