import { withinMs } from '../run/deadline.js'
import type { TurnSetup } from '../options.js'
import type { ConversationLease } from '../ports.js'
import type { TurnRun } from '../run/run.js'

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
