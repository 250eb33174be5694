/**
 * What the server's own answers prove about a turn, and what follows from it. Pure: the third promise
 * ("proof before success") is this file and nothing else.
 *
 * ```
 *              no assistant message            assistant open          assistant ended
 *  busy/retry  wait                            wait                    followed by another's prompt: completed / failed
 *                                                                      quiet for long: stop it, then completed / failed
 *                                                                      else wait (the loop may go on)
 *  idle        refused or stopped, after       after grace: lost       completed / failed
 *              grace: unsent or lost
 * ```
 */
import type { Outcome } from '@turnstead/reply'
import type { SessionError } from '../run/remarks.js'
import type { SessionStatus } from './session-tree.js'

/** One poll of the server: its status map and its messages, taken in this order. */
export interface Evidence {
  /** Of the session and this turn's sub-agents together. `idle` is also what the server says of a session it has just accepted a prompt for. */
  readonly status: SessionStatus
  /** The user message with the turn's prompt id is in the message list. */
  readonly isPromptStored: boolean
  /** What the assistant's messages for that prompt prove, given the status. */
  readonly outcome: Outcome
  /** What they prove by themselves, whatever the status says. */
  readonly ended: Outcome
  /** The newest message of the session belongs to a later prompt of another client. */
  readonly isFollowed: boolean
  /** The last `session.error` since the send. Alone it proves nothing: an overflow heals itself. */
  readonly sessionError: SessionError | null
  /** The stream changed the reply while this poll was under way: of what both speak of, the poll may be the newer. */
  readonly isOutrun: boolean
  /** How long nothing of this session has been heard and the polls have shown the same. */
  readonly quietMs: number
  /** An abort was sent to a session that stayed busy after the turn's messages had ended. */
  readonly isFreed: boolean
}

/** The proof that the turn ended, by the server's own messages. */
export type Proof = Extract<Outcome, { state: 'completed' | 'failed' }>

/** What to do next. */
export type Verdict =
  | { readonly next: 'wait' }
  | { readonly next: 'settle'; readonly outcome: Proof }
  /** The messages ended, and the session claims to be busy with nothing: abort it once. */
  | { readonly next: 'free' }
  | { readonly next: 'refused'; readonly name: string; readonly message: string }
  /** The run was aborted by another client before it said anything. */
  | { readonly next: 'stopped'; readonly message: string }
  | { readonly next: 'send' }
  | { readonly next: 'lost' }

/** So many times `graceMs` a busy session must be quiet after its messages ended before the status counts as stuck. */
const stuckGraces = 6

/**
 * @param graceMs - How long an idle server without an ended message is given: right after a 204 the
 *   status map still lacks the session (5 of 40 times), and idle can precede the final message.
 */
export function decideNext(evidence: Evidence, graceMs: number): Verdict {
  const { outcome, ended, sessionError, status, isPromptStored, quietMs } = evidence
  if (evidence.isOutrun) return { next: 'wait' }
  if (status !== 'idle') {
    if (!isProof(ended)) return { next: 'wait' }
    if (evidence.isFollowed) return { next: 'settle', outcome: ended }
    if (quietMs < stuckGraces * graceMs) return { next: 'wait' }
    return evidence.isFreed ? { next: 'settle', outcome: ended } : { next: 'free' }
  }
  if (isProof(outcome)) {
    // A moment after a sub-agent in the background is done the server goes on with its result.
    const goesOn = outcome.state === 'completed' && outcome.background.length > 0
    return goesOn && quietMs < graceMs ? { next: 'wait' } : { next: 'settle', outcome }
  }
  if (quietMs < graceMs) return { next: 'wait' }
  if (outcome.state === 'running' && !outcome.interrupted && outcome.background.length > 0) {
    return { next: 'wait' }
  }
  // An unknown agent or model gives 204 and then only errors: no assistant message will ever come.
  if (outcome.state === 'unknown' && sessionError !== null) {
    const { name, message } = sessionError
    if (name === 'MessageAbortedError') return { next: 'stopped', message }
    return { next: 'refused', name, message }
  }
  return { next: isPromptStored ? 'lost' : 'send' }
}

/** @internal */
export function isProof(outcome: Outcome): outcome is Proof {
  return outcome.state === 'completed' || outcome.state === 'failed'
}
