import type { HistorySession } from './history.js'
import { assertChoice, assertKnown, type Names } from './known-options.js'
import type { RowId } from './rows.js'

/** What to do when something was lost on the way. */
export interface Recovery {
  /** The server lost a run (crash, restart): ask it the same prompt again, or fail. Default `rerun`. */
  readonly onServerLost: 'rerun' | 'fail'
  /**
   * The server lost a run while a person was asked. `ask_again`: the run goes back to right before its question, which it then asks again;
   * the same question gets the answer that is stored, any other one is a new ask. Where that cannot be done without running a tool
   * twice, the turn fails. `rerun`: then too the run goes on; the agent is told that its call was interrupted, and may not ask again.
   * `fail`: the turn fails. Default `ask_again`.
   */
  readonly onAskLost: 'ask_again' | 'rerun' | 'fail'
  /** How often a prompt may be run again. To go back to a question counts from the second time on that one worker does it. Default 1. */
  readonly maxReruns: number
  /**
   * The server does not know the conversation's session: it is another one, or has lost its data. `restore`: it is told what `history`
   * has kept, and the turn goes on in the same session; without that it fails, with `session_lost`. `fail`: that at once. `replace`:
   * the turn runs in a new session, in which the agent has forgotten everything. A function does so too, and gives the new session
   * what the agent is to know; what it throws fails the turn. Default `restore`.
   */
  readonly onSessionLost: 'restore' | 'fail' | 'replace' | RetellHistory
  /**
   * The conversation is on a server that this process does not reach, and nothing of it is under way: leave it to a process that does,
   * which the result says (`elsewhere`), or move it to one that this one reaches. Default `leave`.
   */
  readonly onElsewhere: 'leave' | 'move'
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

/** What holds where the host says nothing. */
export const defaultRecovery: Recovery = {
  onServerLost: 'rerun',
  onAskLost: 'ask_again',
  onSessionLost: 'restore',
  onElsewhere: 'leave',
  maxReruns: 1,
  emptyReply: 'fail',
}

const names: Names<Recovery> = {
  onServerLost: true,
  onAskLost: true,
  maxReruns: true,
  onSessionLost: true,
  onElsewhere: true,
  beforeRestore: true,
  emptyReply: true,
}

/** @throws TypeError or RangeError for a choice that makes no sense. */
export function assertRecovery(recovery: Recovery): void {
  assertKnown('`recovery`', recovery, names)
  const { beforeRestore, maxReruns, onSessionLost } = recovery
  const isChoice = ['restore', 'fail', 'replace'].includes(String(onSessionLost))
  if (!isChoice && typeof onSessionLost !== 'function') {
    throw new TypeError('`recovery.onSessionLost` must be restore, fail, replace, or a function')
  }
  assertChoice('recovery.onServerLost', recovery.onServerLost, ['rerun', 'fail'])
  assertChoice('recovery.onAskLost', recovery.onAskLost, ['ask_again', 'rerun', 'fail'])
  assertChoice('recovery.onElsewhere', recovery.onElsewhere, ['leave', 'move'])
  assertChoice('recovery.emptyReply', recovery.emptyReply, ['fail', 'complete'])
  if (!(typeof maxReruns === 'number' && maxReruns >= 0)) {
    throw new RangeError('`recovery.maxReruns` must be a number, 0 or more')
  }
  if (beforeRestore !== undefined && typeof beforeRestore !== 'function') {
    throw new TypeError('`recovery.beforeRestore` must be a function')
  }
}
