import type { TurnSetup } from '../options.js'
import type { StoredTurn } from '../ports.js'
import { openRun, requestLimits } from '../run/run.js'
import { stopAgent } from './stop.js'

/**
 * Stops the agent of a turn that was cancelled while no worker ran it: its worker had died, and the cancel is
 * only in the row. Only while its exchange is the newest of the session: behind it the next turn may run.
 */
export async function stopLeftover(setup: TurnSetup, turn: StoredTurn): Promise<void> {
  const { prompt } = turn
  if (turn.status !== 'cancelled' || prompt === null) return
  const { conversationId, turnId, owner } = setup
  // A lease that nobody gave: with this run nothing can be written.
  const run = openRun(setup, { conversationId, turnId, owner, fence: -1, expiresAt: 0 }, turn)
  try {
    const { session } = setup.client
    const newest = await session.messages(prompt.sessionId, { limit: 1 }, requestLimits(run))
    const info = newest.at(-1)?.info
    const isOurs =
      info?.id === prompt.id || (info?.role === 'assistant' && info.parentID === prompt.id)
    if (!isOurs) return
    run.delivery = 'sent'
    await stopAgent(run, prompt.sessionId)
  } catch (error) {
    setup.report(error, 'stop')
  }
}
