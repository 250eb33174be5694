import { defaultBudgets } from '../budgets.js'
import { steady, systemClock } from '../clock.js'
import type { TurnOptions } from '../options.js'
import type { TurnResult } from '../result.js'
import { withinMs } from '../run/deadline.js'
import { onAbort } from '../run/listen.js'
import { runTurn } from '../run-turn.js'
import type { TurnJob, TurnWorkerOptions } from './options.js'

/** One call for one job, with what the host says of all turns and of this one. */
export async function attempt<Report>(
  turns: Omit<TurnOptions<Report>, keyof TurnJob>,
  turnOptions: TurnWorkerOptions<Report>['turnOptions'],
  {
    job,
    cancelSignal,
    leaveSignals,
  }: {
    readonly job: TurnJob
    readonly cancelSignal: AbortSignal
    /** Each of them leaves the turn to another worker. */
    readonly leaveSignals: readonly (AbortSignal | undefined)[]
  },
): Promise<TurnResult<Report>> {
  // Of its own: a signal that is made of one that lives as long as the process would live as long.
  const leave = new AbortController()
  const unlisten = leaveSignals.map((signal) => onAbort(signal, () => leave.abort(signal?.reason)))
  try {
    const more = await optionsOf(turns, turnOptions, job, leave.signal)
    return await runTurn<Report>({ ...turns, ...more, ...job, cancelSignal, signal: leave.signal })
  } finally {
    for (const off of unlisten) off()
  }
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
