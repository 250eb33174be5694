/** What a person, or the host's policy, decided. The answers to a question are one list of labels for each of its questions. */
export type AskDecision =
  | { readonly action: 'allow' }
  | { readonly action: 'answer'; readonly answers: readonly (readonly string[])[] }
  | { readonly action: 'reject'; readonly message?: string }

/** One question of an ask. */
export interface AskQuestion {
  /** What the agent wants to know. */
  readonly text: string
  /** A few words; empty when the agent gave none. */
  readonly header: string
  /** What may be chosen. */
  readonly options: readonly { readonly label: string; readonly description: string }[]
  /** True when several options may be chosen. */
  readonly multiple: boolean
  /** True when an answer in other words than those of the options is taken. */
  readonly custom: boolean
}

/** What permissions and questions have in common. */
export interface AskIdentity {
  /** The server's id of the request. */
  readonly id: string
  /** The session that asked: the turn's own, or that of a sub-agent. */
  readonly sessionId: string
  /** The tool call that asks, when there is one. */
  readonly callId: string | null
  /** When it was asked, in milliseconds since the epoch. */
  readonly askedAt: number
}

/** A permission or question of the agent, as the worker saw it. */
export type OpenAsk = AskIdentity &
  (
    | {
        readonly kind: 'permission'
        /** The name of the permission, such as `edit` or `bash`. */
        readonly permission: string
        /** What it is asked for: paths, commands, addresses. */
        readonly patterns: readonly string[]
      }
    | { readonly kind: 'question'; readonly questions: readonly AskQuestion[] }
  )

/**
 * Where an ask stands.
 *
 *     open ──answer──▶ answered ──the worker sends it──▶ sent
 *       └─────────────────┴──answered elsewhere, gone, or the turn is over──▶ closed
 */
export type AskState = 'open' | 'answered' | 'sent' | 'closed'

/** An ask as the turn's row keeps it. */
export type AskRecord = OpenAsk & {
  /** Where it stands. */
  readonly state: AskState
  /** The first decision; null while there is none. */
  readonly decision: AskDecision | null
  /** Who decided, as given; null when no one did, or did not say. */
  readonly answeredBy: string | null
  /** Which of the policy's rules decided; null when a person did. */
  readonly rule: string | null
  /** When it was decided, in milliseconds since the epoch. */
  readonly answeredAt: number | null
  /**
   * When the answer was about to be sent, in milliseconds since the epoch. Null: it surely was not; absent in what an older version
   * wrote.
   */
  readonly triedAt?: number | null
  /** When the server had the answer, in milliseconds since the epoch. */
  readonly sentAt: number | null
  /** When it was closed without an answer of ours, in milliseconds since the epoch. */
  readonly closedAt: number | null
}

/** What a worker says of an ask. Each may be repeated; what does not apply any more changes nothing. */
export type AskChange =
  | { readonly type: 'opened'; readonly ask: OpenAsk }
  | {
      readonly type: 'decided'
      readonly askId: string
      readonly decision: AskDecision
      /** Who decided, such as `policy`. */
      readonly by: string | null
      /** Which of its rules. Default: null. */
      readonly rule?: string | null
    }
  /** The answer is about to be sent; what runs by it may have run from now on. */
  | { readonly type: 'sending'; readonly askId: string }
  /** The server has the answer. */
  | { readonly type: 'sent'; readonly askId: string }
  /** It was answered elsewhere, or the server does not ask any more. */
  /** `unless`: an answer that came first stays: the question may come again. */
  | { readonly type: 'closed'; readonly askId: string; readonly unless?: 'answered' }
