import type { ReplyError } from './reply-error.js'

/** What the messages prove about the end of the turn. */
export type Outcome = CompletedOutcome | FailedOutcome | RunningOutcome | UnknownOutcome

/** The assistant finished. */
export interface CompletedOutcome {
  readonly state: 'completed'
  /** Why the model stopped: `stop`, `length`, or `tool-calls` after a rejection or a structured answer. */
  readonly finish: string
  /** The assistant message that proves it. */
  readonly messageId: string
  /** True when the turn stopped because a person rejected a permission or dismissed a question. */
  readonly rejected: boolean
  /** A later prompt that was answered together with this one, or to which the run was handed over; `null` when there is none. */
  readonly answeredBy: string | null
  /** Sessions of sub-agents in the background that are done and whose result did not come back, or never will. */
  readonly background: readonly string[]
}

/** The turn ended without success. */
export interface FailedOutcome {
  readonly state: 'failed'
  /**
   * `error`: the provider or the server failed. `aborted`: it was stopped. `incomplete`: the session is idle and the
   * last message ended without a reason, as an abort during a retry leaves it. `deleted`: the session is gone.
   * `interrupted`: the reply was closed before anything proved an end.
   */
  readonly reason: 'error' | 'aborted' | 'incomplete' | 'deleted' | 'interrupted'
  readonly error: ReplyError
  readonly messageId: string | null
  /** A later prompt that was answered together with this one; `null` when there is none. */
  readonly answeredBy: string | null
}

/** The assistant is at work. */
export interface RunningOutcome {
  readonly state: 'running'
  readonly messageId: string
  /** True when the session is said to be idle all the same: the server crashed, or its last word is on the way. */
  readonly interrupted: boolean
  /** True while a person is asked. */
  readonly blocked: boolean
  /** A later prompt that the run went on with; `null` when there is none. */
  readonly answeredBy: string | null
  /** Sessions of sub-agents in the background whose result did not come back yet. */
  readonly background: readonly string[]
}

/** No assistant message answers the prompt yet. */
export interface UnknownOutcome {
  readonly state: 'unknown'
  /** The session error that came instead, if any: an unknown agent or model leaves nothing else. */
  readonly error: ReplyError | null
  /** Always `null`: an answer to a later prompt that is for this one too is an answer. */
  readonly answeredBy: null
}

/** What the caller knows about the session. */
export interface OutcomeOptions {
  /**
   * Whether the session is idle, by `GET /session/status`. `false`: the turn is not over, whatever the messages say.
   * Left out: the messages alone are judged. A closed reply is judged as idle, whatever is given.
   */
  readonly sessionIdle?: boolean
}
