/**
 * What the server's own answers prove about a turn, and what follows from it. Pure: the third promise
 * ("proof before success") is this file and nothing else.
 *
 * ```
 *              no assistant message            assistant open          assistant ended
 *  busy/retry  wait                            wait                    wait (the loop may go on)
 *  idle        refused, after grace: unsent    after grace: lost       finished / failed
 *              or lost
 * ```
 */
import type { Settled } from '@turnstead/reply'

/** One look at the server: its status map and its messages, taken in this order. */
export interface Evidence {
  /** `idle` is also what the server says of a session it has just accepted a prompt for. */
  readonly status: 'busy' | 'retry' | 'idle'
  /** The user message with the turn's prompt id is in the message list. */
  readonly isPromptStored: boolean
  /** What the assistant's messages for that prompt prove. */
  readonly settled: Settled
  /** The last `session.error` since the send. Alone it proves nothing: an overflow heals itself. */
  readonly sessionError: { readonly name: string; readonly message: string } | null
  /** How long nothing of this session has been heard and the looks have shown the same. */
  readonly quietMs: number
}

/** What to do next. */
export type Verdict =
  | { readonly next: 'wait' }
  | { readonly next: 'settle'; readonly settled: Settled & { state: 'finished' | 'failed' } }
  | { readonly next: 'refused'; readonly name: string; readonly message: string }
  | { readonly next: 'send' }
  | { readonly next: 'lost' }

/**
 * @param graceMs - How long an idle server without an ended message is given: right after a 204 the
 *   status map still lacks the session (5 of 40 times), and idle can precede the final message.
 */
export function judge(evidence: Evidence, graceMs: number): Verdict {
  const { settled, sessionError, status, isPromptStored, quietMs } = evidence
  if (status !== 'idle') return { next: 'wait' }
  if (settled.state === 'finished' || settled.state === 'failed') {
    return { next: 'settle', settled }
  }
  if (quietMs < graceMs) return { next: 'wait' }
  if (settled.answeredBy !== null) {
    return { next: 'refused', name: 'AnsweredTogether', message: `by prompt ${settled.answeredBy}` }
  }
  // An unknown agent or model gives 204 and then only errors: no assistant message will ever come.
  if (settled.state === 'unknown' && sessionError !== null) {
    return { next: 'refused', name: sessionError.name, message: sessionError.message }
  }
  return { next: isPromptStored ? 'lost' : 'send' }
}
