import type { Session } from '@turnstead/wire'
import { serverLostTurn, sessionLost } from '../errors.js'
import { wasAsking } from '../poll/was-asking.js'
import type { TurnRun } from '../run/run.js'
import { isBehind } from './is-behind.js'
import { isHalfRestored, type RestoredSession, restoreSession } from './restore-session.js'

/** A session that the server has, all of it. */
export interface BroughtBack {
  readonly session: Session
  readonly isRestored: boolean
  /** The server had the prompt of this turn, and its run; it has neither any more. */
  readonly hasLostRun: boolean
}

/**
 * The conversation's session, told to the server again where it has lost it or knows an older state of it.
 *
 * @param found - What the server says of it now.
 * @returns null when another session may take its place.
 * @throws TurnError `session_lost`, `session_not_restored`, `server_lost_turn`, by what the host chose in `recovery`.
 */
export async function bringBack(
  run: TurnRun,
  sessionId: string,
  found: Session | null,
): Promise<BroughtBack | null> {
  const { history, delivery, setup } = run
  const { onSessionLost } = setup.recovery
  const isWhole = found !== null && !isHalfRestored(found) && !(await isBehind(run, found))
  if (isWhole) return { session: found, isRestored: false, hasLostRun: false }
  const isReplaceable = onSessionLost === 'replace' || typeof onSessionLost === 'function'
  // Someone has deleted it: what ran in it is not asked again.
  const isDeleted = run.reply?.view().status === 'deleted'
  if (isReplaceable || (delivery.mayHaveArrived && (history === null || isDeleted))) return null
  if (onSessionLost === 'fail') throw sessionLost(sessionId, '`recovery.onSessionLost` is `fail`')
  if (history === null) throw sessionLost(sessionId, 'nothing of it is kept')
  assertMayRunAgain(run)
  const restored = await restoreSession(run, sessionId, found)
  const { prompt } = delivery
  if (prompt !== null && isAskingAgain(run) && !hasAllThatRan(run, restored))
    throw serverLostTurn(prompt)
  const hasLostRun =
    delivery.mayHaveArrived && prompt?.sessionId === sessionId && !restored.has(prompt.id)
  return { session: restored.session, isRestored: true, hasLostRun }
}

/** The run is to go back to its question. */
function isAskingAgain({ reply, setup }: TurnRun): boolean {
  return reply !== null && wasAsking(reply) && setup.recovery.onAskLost === 'ask_again'
}

/** What the agent has done after the last step that was kept would be done again on the way to the question. */
function hasAllThatRan({ reply }: TurnRun, restored: Pick<RestoredSession, 'has'>): boolean {
  if (reply === null) return true
  return reply.parts.every(
    (part) =>
      part.kind !== 'tool' ||
      part.sessionId !== reply.sessionId ||
      (part.status !== 'completed' && part.status !== 'error') ||
      restored.has(part.messageId),
  )
}

/** The same as for a server that has lost a run and nothing else. */
function assertMayRunAgain(run: TurnRun): void {
  const { delivery, setup } = run
  const { prompt } = delivery
  if (!delivery.mayHaveArrived || prompt === null) return
  const { maxReruns, onAskLost, onServerLost } = setup.recovery
  // Kept when the turn began to wait: what ran before its question is not run again.
  const isKept = String(run.history?.head?.turnId) === String(setup.turnId)
  const isAsking = run.reply !== null && wasAsking(run.reply)
  const goesBack = isAsking && isKept && onAskLost !== 'fail'
  const isOneTooMany = prompt.runs >= maxReruns || (isAsking && onAskLost !== 'rerun')
  const isRefused = onServerLost === 'fail' || (!goesBack && isOneTooMany)
  if (isRefused) throw serverLostTurn(prompt)
}
