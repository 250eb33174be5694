import { defaultBudgets } from '../budgets.js'
import { steady, systemClock } from '../clock.js'
import type { TurnOptions } from '../options.js'
import type { RowId } from '../ports.js'
import type { TurnResult } from '../result.js'
import { withinMs } from '../run/deadline.js'
import { runInOrder } from '../inbox/in-order.js'
import { withEither } from '../run/listen.js'
import { attemptTurn } from '../run-turn.js'
import { assertTurnNames } from '../checks/names.js'
import type { TurnJob, TurnWorkerOptions } from './options.js'

/** One call for one job, with what the host says of all turns and of this one. */
export async function attempt<Report>(
  turns: Omit<TurnOptions<Report>, keyof TurnJob>,
  turnOptions: TurnWorkerOptions<Report>['turnOptions'],
  {
    job,
    cancelSignal,
    leaveSignals,
    goOn,
  }: {
    readonly job: TurnJob
    readonly cancelSignal: AbortSignal
    /** Each of them leaves the turn to another worker. */
    readonly leaveSignals: readonly (AbortSignal | undefined)[]
    /** Told who is next in the line, also after turns that were only finished. */
    readonly goOn: (next: RowId) => void
  },
): Promise<TurnResult<Report>> {
  return await runInOrder({ turnId: job.turnId, cancelSignal }, async (turnId, isAhead) => {
    // What is before it in the line is run with what is said of that one.
    const { conversationId } = job
    const one: TurnJob = isAhead ? { turnId, conversationId } : job
    const ends = isAhead ? [...leaveSignals, cancelSignal] : leaveSignals
    return await withEither(ends, async (signal) => {
      const more = await optionsOf(turns, turnOptions, one, signal)
      assertTurnNames('turnOptions', more)
      const cancel = isAhead ? {} : { cancelSignal }
      const host = { ...turns, ...more }
      const onSettled = async (result: TurnResult<Report>): Promise<void> => {
        if (result.status !== 'skipped' && result.next !== null) goOn(result.next)
        await host.onSettled?.(result)
      }
      return await attemptTurn<Report>({ ...host, ...one, ...cancel, onSettled, signal })
    })
  })
}

/** The host's own work has a limit, like all that a turn waits for: it must not hold a place for ever. */
async function optionsOf<Report>(
  { clock = systemClock, budgets }: Pick<TurnOptions<Report>, 'clock' | 'budgets'>,
  turnOptions: TurnWorkerOptions<Report>['turnOptions'],
  job: TurnJob,
  signal: AbortSignal,
): Promise<Partial<TurnOptions<Report>>> {
  if (turnOptions === undefined) return {}
  const ms = budgets?.unreachableMs ?? defaultBudgets.unreachableMs
  const expired = (): Error =>
    new Error(`\`turnOptions\` did not answer for turn ${job.turnId} within ${ms} ms.`)
  return await withinMs(steady(clock), { ms, signal, expired }, async () => turnOptions(job))
}
