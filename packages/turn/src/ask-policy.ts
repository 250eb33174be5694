import type { Ask } from '@turnstead/reply'
import type { AskDecision } from './ask-records.js'

/** A person is to answer, through any process. */
export interface AskWait {
  readonly action: 'wait'
  /** How long, in milliseconds. Default: the `askMs` budget, which is also the longest. */
  readonly forMs?: number
  /** What is decided then. Default: reject. */
  readonly otherwise?: AskDecision & { readonly rule?: string }
}

/** What a policy says of an ask; `rule` names what decided, for the row. */
export type PolicyDecision = (AskDecision | AskWait) & { readonly rule?: string }

/**
 * Decides what becomes of an ask. Called once for each ask in each process; an error counts as `wait`, and so does
 * the time until it has decided. A permission is decided by `allow`, a question by `answer`, both by `reject` or `wait`.
 * Where the store keeps asks, the decision is stored before it is sent, as one by `policy`, and loses to an answer that
 * came before.
 */
export type AskPolicy = (ask: Ask) => PolicyDecision | Promise<PolicyDecision>

/** For turns with no person to ask: every permission and question is rejected. */
export const rejectAsks: AskPolicy = () => ({ action: 'reject' })

/** Leaves every ask to a person, until the `askMs` budget ends. */
export const waitForPerson: AskPolicy = () => ({ action: 'wait' })
