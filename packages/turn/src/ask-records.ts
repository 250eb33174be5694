/** What becomes of an ask. The answers to a question ask are one list of labels for each of its questions. */
export type AskDecision =
  | { readonly action: 'allow' }
  | { readonly action: 'answer'; readonly answers: readonly (readonly string[])[] }
  | { readonly action: 'reject'; readonly message?: string }

/** One question of an ask. */
export interface AskQuestion {
  readonly text: string
  /** A few words; empty when the agent gave none. */
  readonly header: string
  readonly options: readonly { readonly label: string; readonly description: string }[]
  /** Several options may be chosen. */
  readonly multiple: boolean
  /** An answer in other words than those of the options is taken. */
  readonly custom: boolean
}

/** A permission or question of the agent as the row keeps it. */
export type OpenAsk = {
  readonly id: string
  /** The session that asked: the turn's own, or that of a sub-agent. */
  readonly sessionId: string
  /** The tool call that asks, when there is one. */
  readonly callId: string | null
  /** In milliseconds since the epoch. */
  readonly askedAt: number
} & (
  | {
      readonly kind: 'permission'
      readonly permission: string
      readonly patterns: readonly string[]
    }
  | { readonly kind: 'question'; readonly questions: readonly AskQuestion[] }
)

/** An ask with what became of it. Times are in milliseconds since the epoch. */
export type AskRecord = OpenAsk & {
  /** `open` → `answered` → `sent`; `closed` when it needs no answer of ours any more. */
  readonly state: 'open' | 'answered' | 'sent' | 'closed'
  readonly decision: AskDecision | null
  /** `policy`, or whom the host named. */
  readonly answeredBy: string | null
  /** Which of the policy's rules decided; null when a person did. */
  readonly rule: string | null
  readonly answeredAt: number | null
  /** When the answer was about to be sent. Null: it surely was not; absent where that is not kept. */
  readonly triedAt?: number | null
  readonly sentAt: number | null
  readonly closedAt: number | null
}

/** What a worker says of an ask. Each may be repeated; what does not apply any more changes nothing. */
export type AskChange =
  | { readonly type: 'opened'; readonly ask: OpenAsk }
  | {
      readonly type: 'decided'
      readonly askId: string
      readonly decision: AskDecision
      readonly by: string | null
      readonly rule?: string | null
    }
  /** The answer is about to be sent. */
  | { readonly type: 'sending'; readonly askId: string }
  | { readonly type: 'sent'; readonly askId: string }
  /** `unless`: an answer that came first stays: the question may come again. */
  | { readonly type: 'closed'; readonly askId: string; readonly unless?: 'answered' }

/** Someone's answer to an ask. */
export interface AnswerRequest {
  readonly turnId: string | number | bigint
  readonly askId: string
  readonly decision: AskDecision
  /** Who answers. */
  readonly by?: string | null
}

/** What became of an answer. */
export type AnswerResult =
  | {
      readonly accepted: true
      readonly ask: AskRecord
      /** No worker holds the turn: it is due now, and whoever is told runs it again. Absent where turns do not wait so. */
      readonly isParked?: boolean
    }
  | {
      readonly accepted: false
      readonly reason: 'missing' | 'answered' | 'closed' | 'settled'
      /** Null when missing. */
      readonly ask: AskRecord | null
    }
