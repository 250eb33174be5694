import type { HistorySession } from './history.js'
import type { RowId } from './rows.js'

/** What to do when something was lost on the way. */
export interface Recovery {
  /** The server lost a run (crash, restart): ask it the same prompt again, or fail. Default `rerun`. */
  readonly onServerLost: 'rerun' | 'fail'
  /** The server lost a run while a person was asked: the run would go on without the answer. Default `fail`. */
  readonly onAskLost: 'rerun' | 'fail'
  /** How often a prompt may be run again. Default 1. */
  readonly maxReruns: number
  /**
   * The server does not know the conversation's session: it is another one, or has lost its data. `restore`: it is told what `history`
   * has kept, and the turn goes on in the same session; without that it fails, with `session_lost`. `fail`: that at once. `replace`:
   * the turn runs in a new session, in which the agent has forgotten everything. A function does so too, and gives the new session
   * what the agent is to know. Default `restore`.
   */
  readonly onSessionLost: 'restore' | 'fail' | 'replace' | RetellHistory
  /** Brings the files of the conversation back, before its session is. What it throws fails the turn. Default: nothing is done. */
  readonly beforeRestore?: (restore: BeforeRestore) => void | Promise<void>
  /** What an answer with neither text, tools, files nor a structured value is. Default `fail`. */
  readonly emptyReply: 'fail' | 'complete'
}

/** A session that is about to be restored. */
export interface BeforeRestore {
  readonly conversationId: RowId
  readonly sessionId: string
  /** The session's directory. */
  readonly directory: string
  readonly signal: AbortSignal
}

/** Says what the agent is to know of a conversation whose session is lost: the first message of the new one, without an answer. */
export type RetellHistory = (lost: {
  readonly conversationId: RowId
  readonly sessionId: string
  /** What is kept: sub-agents' sessions first, the conversation's last. Empty without `history`. */
  readonly sessions: readonly HistorySession[]
}) => string | Promise<string>
