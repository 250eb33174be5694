import type { AskChange, AskDecision, AskRecord } from '../ask-records.js'
import type { Lease, RowId } from '../records.js'

/** Someone's answer to an ask. */
export interface AnswerRequest {
  /** The message whose turn asks. */
  readonly turnId: RowId
  /** The server's id of the request. */
  readonly askId: string
  /** A permission takes `allow`, a question `answer`, both take `reject`. */
  readonly decision: AskDecision
  /** Who answers, at most 255 characters, as the row shall say it. Default: null. */
  readonly by?: string | null
}

/** What became of an answer. */
export type AnswerResult =
  | {
      readonly accepted: true
      readonly ask: AskRecord
      /** No worker holds the turn: it is due now, and whoever is told runs it again. */
      readonly isParked: boolean
    }
  | {
      readonly accepted: false
      /**
       * `missing`: this turn has no such ask, nor got it within three seconds of a running one: what a worker shows may reach a
       * person before the row. `answered`: another answer was first. `closed`: it needs none any more.
       * `settled`: the turn is over.
       */
      readonly reason: 'missing' | 'answered' | 'closed' | 'settled'
      /** The ask as it stands; null when missing. */
      readonly ask: AskRecord | null
    }

/** The verbs on what the agent asks in a turn. */
export interface AskVerbs {
  /**
   * The worker's: merges what it saw and did into the turn's asks, and gives all of them as they are then; an empty list
   * reads. Null when the lease was lost or the turn is over.
   */
  updateAsks(lease: Lease, changes: readonly AskChange[]): Promise<readonly AskRecord[] | null>
  /**
   * An answer, in any process. The first one wins; it is stored before the worker sends it. Throws a `TypeError` for a
   * decision that is not one of the ask's kind, or that leaves one of its questions out.
   */
  answerAsk(request: AnswerRequest): Promise<AnswerResult>
}
