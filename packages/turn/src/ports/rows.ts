import type { AskRecord } from '../ask-records.js'

/** Id of a host's row, in every form in which a database driver gives one. */
export type RowId = string | number | bigint

/** `waiting`: a person is asked, and no worker holds the turn. */
export type TurnStatus = 'pending' | 'running' | 'waiting' | 'completed' | 'failed' | 'cancelled'

/** The right to run one conversation's turn. Every write repeats its fence. */
export interface Lease {
  readonly conversationId: RowId
  readonly turnId: RowId
  readonly owner: string
  readonly fence: number
  /** As of the claim, in milliseconds since the epoch. */
  readonly expiresAt: number
}

/** The right to a conversation without one of its turns; `adopt` of the store makes a {@link Lease} of it. */
export type ConversationLease = Omit<Lease, 'turnId'> & { readonly turnId: RowId | null }

/** The prompt as chosen and stored before the first send. */
export interface PromptRecord {
  /** The user message's id on the server (`msg_…`). */
  readonly id: string
  /** The upstream session it was chosen for; the id must never be used in another one. */
  readonly sessionId: string
  /** One id per part (`prt_…`): with them the same send again is the same prompt. */
  readonly partIds: readonly string[]
  /** How often it was run again on purpose, after the server lost a run. */
  readonly runs: number
  /** The session was created again because the server did not know the conversation's earlier one: the agent has forgotten what was said before. */
  readonly sessionRecreated: boolean
}

/** Token counts of a turn. */
export interface Tokens {
  readonly input: number
  readonly output: number
  readonly reasoning: number
  readonly cacheRead: number
  readonly cacheWrite: number
}

/** Why a turn failed, as the row keeps it. */
export interface StoredError {
  readonly code: string
  readonly message: string
  /** The model provider's HTTP status, when it was the provider that failed. */
  readonly status?: number | null
  /** The model provider's own words. */
  readonly detail?: string | null
}

/** The turn's row as the store reads it. */
export interface TurnRecord {
  readonly turnId: RowId
  readonly conversationId: RowId
  readonly status: TurnStatus
  /** What the user asked, as it was given to the claim; null when the row has none. */
  readonly input: unknown
  readonly prompt: PromptRecord | null
  /** The reply as JSON (`Reply.toJSON()`), null before the first snapshot. */
  readonly reply: unknown
  readonly text: string | null
  /** Cost of a turn that is over; of a running one what its earlier prompts cost. */
  readonly cost: number | null
  readonly tokens: Tokens | null
  readonly error: StoredError | null
  /** Why it ended as it did, where the status alone does not say it. */
  readonly reason?: string | null
  readonly finish: string | null
  /** When it was claimed first, in milliseconds since the epoch; null or absent when that is not known. */
  readonly startedAt?: number | null
  /** When it became terminal, in milliseconds since the epoch. */
  readonly settledAt: number | null
  /** When everything after the end was done, in milliseconds since the epoch; null before. */
  readonly closedAt: number | null
  /** W3C `traceparent` under which it began, as the first claim gave it. */
  readonly trace?: string | null
  /** What the collector's `summarize` made of the report on the turn's files; null or absent when nothing was kept. */
  readonly files?: unknown
  /** How it was put in the line of its conversation; null or absent when it was not. */
  readonly delivery?: 'queue' | 'steer' | null
  /** What the agent asked, oldest first; absent where the store keeps no asks. */
  readonly asks?: readonly AskRecord[]
  /** Number of the claim under which it runs or ran; 0 or absent before the first. */
  readonly fence?: number
  /** Rises with every write to the turn. */
  readonly revision?: number
}

/** Where a turn stands, without what it says. */
export interface TurnGlance {
  readonly turnId: RowId
  readonly status: TurnStatus
  readonly fence: number
  /** Rises with every write to the turn. */
  readonly revision: number
  /** Rises with every change of its asks. */
  readonly asksRevision: number
  /** Its conversation is held for another of its turns. */
  readonly waitsForTurn: boolean
}

/** What a renewal says. */
export interface Renewal {
  /** The lease is still this claim's. */
  readonly held: boolean
  /** Where the turn stands; `running` for a lease without a turn. */
  readonly status: TurnStatus
  /** Counts the changes of the turn's asks, and the messages that came for it: one that rose means that there is something to read. */
  readonly asksRevision: number
}

/**
 * That something happened to a turn: a person cancelled it, or answered; its row changed; it ended; a message is there for its agent; or
 * notices may have been missed.
 */
export interface TurnNotice {
  readonly type: 'cancelled' | 'answered' | 'changed' | 'settled' | 'steered' | 'missed'
}

/** What a turn leaves when it was stopped before its end. */
export interface PartialReply {
  /**
   * The reply: JSON, or an object whose `toJSON` gives it. Where it has `serialize(): string`, that gives the text of its
   * JSON for less; it is called once, at once.
   */
  readonly reply: unknown
  readonly text: string
  readonly reasoning: string | null
  readonly cost: number
  readonly tokens: Tokens
}

/** The terminal write of a turn. */
export interface Settlement extends PartialReply {
  readonly status: 'completed' | 'failed' | 'cancelled'
  readonly reason: string | null
  readonly error: StoredError | null
  readonly finish: string | null
}
