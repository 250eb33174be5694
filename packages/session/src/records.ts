import type { AskRecord } from './ask-records.js'

/**
 * Primary key of one of the host's rows, in any form that a driver gives: numbers must be safe integers, strings have at
 * most 255 characters. What comes back is never a bigint, so it survives JSON.
 */
export type RowId = string | number | bigint

/**
 * Where a turn stands.
 *
 *     pending ──claim──▶ running ──settle──▶ completed | failed | cancelled
 *        │                │   ▲
 *        │              park claim, once it is due
 *        │                ▼   │
 *        │               waiting
 *        └────────────────┴───cancel───────▶ cancelled
 *
 * `waiting`: a person is asked, and no worker holds it. The last three are terminal: nothing leaves them.
 */
export type TurnStatus = 'pending' | 'running' | 'waiting' | TerminalStatus

/** A status that nothing leaves. */
export type TerminalStatus = 'completed' | 'failed' | 'cancelled'

/** The right to a conversation without one of its turns; `adopt` makes a {@link Lease} of it. */
export interface ConversationLease {
  /** The conversation that is held. */
  readonly conversationId: RowId
  /** The message whose turn is run; null when the conversation alone was claimed. */
  readonly turnId: RowId | null
  /** Who holds it, as given to `claim`. */
  readonly owner: string
  /** Number of this claim among all claims of the conversation; a higher one makes this lease worthless. */
  readonly fence: number
  /** When another owner may take it, in milliseconds since the epoch, as of the claim; `renew` moves it in the row. */
  readonly expiresAt: number
}

/** The right to run one conversation's turn, as `claim` and `adopt` give it. Every write repeats its fence. */
export interface Lease extends ConversationLease {
  /** The message whose turn is run. */
  readonly turnId: RowId
}

/** What a claim reports of the conversation. */
export interface ConversationRecord {
  /** The host's primary key. */
  readonly id: RowId
  /** The upstream session, null before it was created. */
  readonly sessionId: string | null
  /** Fingerprint of the session's permission rules, as it was stored last. */
  readonly rules: string | null
  /** The title that the server gave the session, as it was noted last, else the host's own; null when there is neither. */
  readonly title: string | null
  /** The server on which it is, as `placeConversation` noted it; null before, absent where the store cannot. */
  readonly server?: string | null
  /** Number of the newest claim. */
  readonly fence: number
}

/** The prompt as it was chosen and stored before its first send. */
export interface PromptRecord {
  /** Id of the user message on the server (`msg_…`). */
  readonly id: string
  /** The upstream session it was chosen for; the id must not be used in another one. */
  readonly sessionId: string
  /** One id per part (`prt_…`): with them, sending again is the same prompt. */
  readonly partIds: readonly string[]
  /** How often it was run again on purpose, after the server had lost a run. */
  readonly runs: number
  /**
   * This prompt's session was created again because the server did not know the conversation's earlier one: the agent has
   * forgotten what was said before.
   */
  readonly sessionRecreated: boolean
}

/** What earlier prompts of the same turn cost. */
export interface Spent {
  /** In the provider's currency. */
  readonly cost: number
  /** Tokens. */
  readonly tokens: Tokens
}

/** Token counts of a turn, over all of its steps. */
export interface Tokens {
  /** Input tokens that no cache served. */
  readonly input: number
  /** Output tokens without reasoning. */
  readonly output: number
  /** Reasoning tokens. */
  readonly reasoning: number
  /** Input tokens read from the provider's cache. */
  readonly cacheRead: number
  /** Input tokens written to the provider's cache. */
  readonly cacheWrite: number
}

/** Why a turn failed, as it is stored. */
export interface StoredError {
  /** What to switch on; at most 64 characters are kept. */
  readonly code: string
  /** For people. */
  readonly message: string
  /** The provider's HTTP status, when the provider failed. Default: null. */
  readonly status?: number | null
  /** The provider's own message, when the provider failed. Default: null. */
  readonly detail?: string | null
}

/** What a turn leaves when it was stopped before its end. */
export interface PartialReply {
  /**
   * The reply: JSON, or an object whose `toJSON` gives it. Where it has `serialize(): string`, as a reply of `@turnstead/reply` has, the
   * text of its JSON is taken from that: once, before the verb returns.
   */
  readonly reply: unknown
  /** Its text. */
  readonly text: string
  /** Its reasoning, null when there was none. */
  readonly reasoning: string | null
  /** Cost so far, in the provider's currency. */
  readonly cost: number
  /** Tokens so far. */
  readonly tokens: Tokens
}

/** The terminal write of a turn. */
export interface Settlement extends PartialReply {
  /** How it ended. */
  readonly status: TerminalStatus
  /** Why it ended so, when the status alone does not say. */
  readonly reason: string | null
  /** What went wrong; null unless it failed. */
  readonly error: StoredError | null
  /** The model's finish reason; at most 64 characters are kept. */
  readonly finish: string | null
}

/**
 * How a message reaches the agent while a turn runs. `queue`: as a turn of its own, after those before it. `steer`: with the next step
 * of the running turn.
 */
export type Delivery = 'queue' | 'steer'

/** A turn's row. */
export interface TurnRecord {
  /** The host's primary key. */
  readonly turnId: RowId
  /** The conversation that it belongs to. */
  readonly conversationId: RowId
  /** Where it stands. */
  readonly status: TurnStatus
  /** What the user asked, as the first claim stored it; null when it was not stored. */
  readonly input: unknown
  /** The prompt, null before one was chosen. */
  readonly prompt: PromptRecord | null
  /** The reply as JSON, null before the first snapshot. */
  readonly reply: unknown
  /** The reply's text, null before the first snapshot. */
  readonly text: string | null
  /** The reply's reasoning, null when there is none. */
  readonly reasoning: string | null
  /** Cost in the provider's currency; 0 until it is known. On a running turn: what its earlier prompts cost. */
  readonly cost: number
  /** Tokens; zeros until they are known. */
  readonly tokens: Tokens
  /** What went wrong, null unless it failed. */
  readonly error: { readonly code: string; readonly message: string } | null
  /** The provider's HTTP status, when the provider failed. */
  readonly providerStatus: number | null
  /** The provider's message, when the provider failed. */
  readonly providerMessage: string | null
  /** Why it ended as it did. */
  readonly reason: string | null
  /** The model's finish reason. */
  readonly finish: string | null
  /** When it was claimed first, in milliseconds since the epoch. */
  readonly startedAt: number | null
  /** When it became terminal, in milliseconds since the epoch. */
  readonly settledAt: number | null
  /** When all that follows the end was done (`closeTurn`), in milliseconds since the epoch. */
  readonly closedAt: number | null
  /** What the agent asked, oldest first, with the answers. Of a turn that is over nothing is open. */
  readonly asks: readonly AskRecord[]
  /** Since when the turn waits for a person, in milliseconds since the epoch; null when it does not. */
  readonly waitingSince: number | null
  /**
   * Of a `waiting` turn: when a worker is to take it, in milliseconds since the epoch. That is when the person's time is over, or at
   * once when there is an answer. Null when only an answer ends it, and in every other status.
   */
  readonly dueAt: number | null
  /** W3C `traceparent` under which it began, as the first claim stored it; null when it was not stored. */
  readonly trace: string | null
  /** What the host kept of the turn's files with `closeTurn`; null when it kept nothing. */
  readonly files: unknown
  /** How it was put in the line of its conversation; null when it was not. */
  readonly delivery: Delivery | null
  /** Number of the claim under which it runs or ran; 0 before the first. */
  readonly fence: number
  /** Counts the writes to the turn. */
  readonly revision: number
}

/** Where a turn stands, without what it says. */
export interface TurnGlance extends Pick<TurnRecord, 'turnId' | 'status' | 'fence' | 'revision'> {
  /** Counts the changes of its asks. */
  readonly asksRevision: number
  /** Its conversation is held for another of its turns. */
  readonly waitsForTurn: boolean
}

/** True when nothing leaves this status. */
export function isTerminal(status: TurnStatus): status is TerminalStatus {
  return status === 'completed' || status === 'failed' || status === 'cancelled'
}
