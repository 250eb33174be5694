import type { TurnSetup } from '../options.js'
import type { TurnRecord } from '../ports.js'
import { instant } from '../run/instant.js'
import { withRetry } from '../run/retry.js'
import { openRun, type TurnRun } from '../run/run.js'
import { release } from './close-turn.js'
import type { HeldConversation } from './finish-leftovers.js'
import { stopAgent } from './stop.js'

/**
 * Stops a run that this process may have started after it had lost the turn: it was suspended at the very instant of its send,
 * and another worker has stopped and settled the turn meanwhile. Only under the conversation's lease: while another worker
 * holds it, that one follows whatever runs.
 */
export async function stopStray(run: TurnRun): Promise<void> {
  const { prompt } = run.delivery
  if (prompt === null || !run.usage.hasSent) return
  const { clock, conversationId, owner, report, store, timing } = run.setup
  try {
    const since = instant(clock)
    const claim = await withRetry(run.setup, {
      step: 'claim',
      attempt: () => store.claimConversation({ conversationId, owner, leaseMs: timing.leaseMs }),
    })
    if (!claim.claimed) return
    try {
      const turn = await withRetry(run.setup, {
        step: 'claim',
        attempt: () => store.read(run.setup.turnId),
      })
      const isOver = turn !== null && !['pending', 'running', 'waiting'].includes(turn.status)
      if (isOver) await stopUnder(run.setup, { lease: claim.lease, since }, turn)
    } finally {
      await release(run.setup, claim.lease)
    }
  } catch (error) {
    report(error, 'stop')
  }
}

async function stopUnder(
  setup: TurnSetup,
  { lease, since }: HeldConversation,
  turn: TurnRecord,
): Promise<void> {
  if (turn.prompt === null) return
  const held = { lease: { ...lease, turnId: setup.turnId }, since }
  const run = openRun(setup, held, turn)
  try {
    run.lease.settling()
    await stopAgent(run, turn.prompt)
  } finally {
    run.lease.close()
  }
}
