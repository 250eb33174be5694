import type { Ask } from '@turnstead/reply'

/** What becomes of an ask. The answers to a question ask are one list of labels for each of its questions. */
export type AskDecision =
  | { readonly action: 'allow' }
  | { readonly action: 'answer'; readonly answers: readonly (readonly string[])[] }
  | { readonly action: 'reject'; readonly message?: string }
  /** A person will answer, through any process. */
  | { readonly action: 'wait' }

/**
 * Decides what becomes of an ask. Called once for each ask in each process; an error counts as `wait`, and so does
 * the time until it has decided. A permission is decided by `allow`, a question by `answer`, both by `reject` or `wait`.
 */
export type AskPolicy = (ask: Ask) => AskDecision | Promise<AskDecision>

/** For turns with no person to ask: every permission and question is rejected. */
export const rejectAsks: AskPolicy = () => ({ action: 'reject' })

/** Leaves every ask to a person, until the `askMs` budget ends. */
export const waitForPerson: AskPolicy = () => ({ action: 'wait' })
