import type { Session } from '@turnstead/wire'
import { serverLostTurn, sessionLost } from '../errors.js'
import { wasAsking } from '../poll/was-asking.js'
import type { TurnRun } from '../run/run.js'
import { isBehind } from './keep-history.js'
import { isHalfRestored, restoreSession } from './restore-session.js'

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
  if (isReplaceable && found !== null)
    return { session: found, isRestored: false, hasLostRun: false }
  // Someone has deleted it: what ran in it is not asked again.
  const isDeleted = run.reply?.view().status === 'deleted'
  if (isReplaceable || (delivery.mayHaveArrived && (history === null || isDeleted))) return null
  if (onSessionLost === 'fail') throw sessionLost(sessionId, '`recovery.onSessionLost` is `fail`')
  if (history === null) throw sessionLost(sessionId, 'nothing of it is kept')
  assertMayRunAgain(run)
  const restored = await restoreSession(run, sessionId, found)
  const { prompt } = delivery
  const hasLostRun =
    delivery.mayHaveArrived && prompt?.sessionId === sessionId && !restored.has(prompt.id)
  return { session: restored.session, isRestored: true, hasLostRun }
}

/** The same as for a server that has lost a run and nothing else. */
function assertMayRunAgain(run: TurnRun): void {
  const { delivery, setup } = run
  const { prompt } = delivery
  if (!delivery.mayHaveArrived || prompt === null) return
  const { maxReruns, onAskLost, onServerLost } = setup.recovery
  const isRefused =
    onServerLost === 'fail' ||
    prompt.runs >= maxReruns ||
    (onAskLost === 'fail' && run.reply !== null && wasAsking(run.reply))
  if (isRefused) throw serverLostTurn(prompt)
}
