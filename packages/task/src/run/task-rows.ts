import type { AnswerRequest, AnswerResult, Notifier, RowId, TurnStore } from '@turnstead/turn'

/** What a call is, for the host that keeps rows for it. */
export interface TaskCall {
  /** The tool call's id, the same when the chat is resumed: the key of the turn. */
  readonly toolCallId: string
  /** The session that the model wants to continue; null for a new one. */
  readonly sessionId: string | null
  readonly prompt: string
}

/**
 * Rows that make a run durable: it survives a crash of the host, and the same tool call, executed again by a resumed chat, goes
 * on with the run instead of asking the agent again.
 */
export interface TaskRows {
  /** As `createSessionStore` of `@turnstead/session` makes it. With `answerAsk`, `answerTask` reaches runs of other processes. */
  readonly store: TurnStore & { answerAsk?(request: AnswerRequest): Promise<AnswerResult> }
  /**
   * The rows of a call: makes them when they are missing, and gives the same ones to the same `toolCallId`. A conversation has
   * one session and runs one turn at a time, so calls that are to run side by side need conversations of their own. Null: the
   * `sessionId` is none that this chat may continue.
   */
  find(call: TaskCall): Promise<{ readonly turnId: RowId; readonly conversationId: RowId } | null>
  /** Shows runs of other processes at once, not only by their rows. */
  readonly notifier?: Notifier
}
