import { withinMs } from '../run/deadline.js'
import type { TurnSetup } from '../options.js'
import type { ConversationLease, Lease, TurnRecord } from '../ports.js'
import { withRetry } from '../run/retry.js'
import type { TurnRun } from '../run/run.js'
import type { ClaimedTurn } from './claim.js'

/**
 * Notes that nothing of the turn is left to do, and what is kept of its files. Where that fails, the next claim finds it and does it
 * again.
 *
 * @param files - What the collector's `summarize` gave; undefined for nothing.
 */
export async function closeTurn(run: TurnRun, files: unknown): Promise<void> {
  const end = files === undefined ? [] : ([{ files }] as const)
  await briefly(run.setup, 'settle', () => run.setup.store.closeTurn(run.lease.lease, ...end))
}

/** Gives the conversation back. A store that does not answer must not keep the result back: the lease ends by itself. */
export async function release(setup: TurnSetup, lease: ConversationLease): Promise<void> {
  await briefly(setup, 'release', () => setup.store.release(lease))
}

/**
 * Gives back what this process cannot run: a turn that was asked nothing waits again, with its place in the line, and so does one that a
 * crash left like that. A user's cancel is noted first: no one else knows of it.
 */
export async function giveBack(
  setup: TurnSetup,
  { held, leftovers, turn }: ClaimedTurn,
): Promise<void> {
  const { cancelSignal, store } = setup
  if (cancelSignal?.aborted) {
    await withRetry(setup, {
      step: 'claim',
      attempt: () => store.cancel({ turnId: setup.turnId }),
    })
  }
  await briefly(setup, 'release', async () => {
    for (const left of leftovers.filter(isUnasked)) {
      const adopted = await store.adopt(held.lease, left.turnId)
      if (adopted !== null) await store.giveBack?.(adopted.lease)
    }
    if (!isUnasked(turn)) return
    const lease: Lease = { ...held.lease, turnId: turn.turnId }
    // Cancelled meanwhile, nothing of it is left to do.
    if ((await store.giveBack?.(lease)) === false) await store.closeTurn(lease)
  })
}

function isUnasked({ prompt, status }: TurnRecord): boolean {
  return status === 'running' && prompt === null
}

/** A store that does not answer must not hold up what is told without it; what it failed with is reported. */
async function briefly(
  { budgets, clock, report }: TurnSetup,
  step: 'settle' | 'release',
  work: () => Promise<unknown>,
): Promise<void> {
  const ms = budgets.requestMs
  const expired = (): Error =>
    new Error(`The store did not answer within ${ms} ms (\`requestMs\`).`)
  try {
    await withinMs(clock, { ms, expired }, work)
  } catch (error) {
    report(error, step)
  }
}
