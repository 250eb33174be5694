import type { Anomaly } from './anomaly.js'
import type { MessageRecord } from './message-record.js'
import type { Ask } from './ask.js'
import type { ReplyPart } from './part.js'
import type { ReplyError } from './reply-error.js'
import type { Todo } from './todo.js'
import type { Tokens } from './tokens.js'
import type { Workspace } from './workspace.js'

/** What the server last said a session does; `deleted` is its last word. */
export type SessionStatus = 'busy' | 'idle' | 'retry' | 'deleted' | null

/** A sub-agent: a session that a tool part of the reply started. */
export interface SubAgent {
  readonly sessionId: string
  /** The session that started it: the reply's own, or another sub-agent. */
  readonly parentSessionId: string | null
  /** The tool part that started it; `null` until that is known. */
  readonly toolPartId: string | null
  readonly title: string | null
  /** The agent's name; `null` when the server did not tell. */
  readonly agent: string | null
  readonly status: SessionStatus
  readonly parts: readonly ReplyPart[]
  /** Cost of this sub-agent alone, in the provider's currency: what it started itself has its own. */
  readonly cost: number
  /** Tokens of this sub-agent alone. */
  readonly tokens: Tokens
}

/** A whole reply to look at: plain, frozen JSON. */
export interface ReplyView {
  readonly revision: number
  readonly sessionId: string
  readonly promptId: string
  /** What the server last said the session does; a hint, no proof. */
  readonly status: SessionStatus
  /** Parts of the reply's own session, in order. */
  readonly parts: readonly ReplyPart[]
  /** Sub-agents at any depth, oldest first. */
  readonly children: readonly SubAgent[]
  /** Assistant messages of all sessions: the reply's own first, each session's in order. */
  readonly messages: readonly MessageRecord[]
  /** Permissions and questions, oldest first. */
  readonly asks: readonly Ask[]
  readonly todos: readonly Todo[]
  /** Cost of the whole turn with its sub-agents, in the provider's currency. */
  readonly cost: number
  /** Tokens of the whole turn with its sub-agents. */
  readonly tokens: Tokens
  /** The last session error; does not mean that the turn failed. */
  readonly error: ReplyError | null
  /** What happened in the directory: files, diffs, diagnostics, terminals. */
  readonly workspace: Workspace
  readonly anomalies: readonly Anomaly[]
}
