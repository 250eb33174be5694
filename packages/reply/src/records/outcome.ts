import type { ReplyError } from './reply-error.js'

/** What the messages prove about the end of a turn. */
export type Outcome =
  | {
      readonly state: 'completed'
      /** Why the model stopped: `stop`, `length`, or `tool-calls` after a rejection or a structured answer. */
      readonly finish: string
      /** The assistant message that proves it. */
      readonly messageId: string
      /** True when the turn stopped because a person rejected a permission or dismissed a question. */
      readonly rejected: boolean
    }
  | {
      readonly state: 'failed'
      /**
       * `error`: the provider or the server failed. `aborted`: it was stopped. `incomplete`: the session is idle and
       * the last message ended without a reason, as an abort during a retry leaves it. `deleted`: the session is gone.
       */
      readonly reason: 'error' | 'aborted' | 'incomplete' | 'deleted'
      readonly error: ReplyError
      readonly messageId: string | null
    }
  | {
      readonly state: 'running'
      readonly messageId: string
      /** True when the session is said to be idle all the same: the server crashed, or its last word is on the way. */
      readonly interrupted: boolean
      /** True while a person is asked. */
      readonly blocked: boolean
      /** A later prompt of somebody that the run went on with. */
      readonly answeredBy: string | null
    }
  | {
      /** No assistant message answers the prompt yet. */
      readonly state: 'unknown'
      /** The session error that came instead, if any: an unknown agent or model leaves nothing else. */
      readonly error: ReplyError | null
      /** A later prompt that was answered together with this one. */
      readonly answeredBy: string | null
    }

/** What the caller knows about the session. */
export interface OutcomeOptions {
  /**
   * Whether the session is idle, by `GET /session/status`. `false`: the turn is not over, whatever the messages say.
   * Left out: the messages alone are judged.
   */
  readonly sessionIdle?: boolean
}
