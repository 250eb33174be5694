import { WireError } from '@turnstead/wire'
import { TurnError, type TurnErrorCode } from '../errors.js'
import { createPoller } from '../poll/poll.js'
import type { StopReport } from '../result.js'
import { Interrupted, type Interruption } from '../run/interruption.js'
import { openAsks, type TurnRun } from '../run/run.js'
import type { Ending } from './settle.js'
import { isProvenStop, stopAgent } from './stop.js'

/** An ending, and how the agent was stopped if it had to be. */
export interface Stopped {
  readonly ending: Ending
  readonly stop: StopReport | null
}

/**
 * Ends a turn that did not come to its own end: stops the agent, polls once more, names the ending.
 *
 * @throws Interrupted, or the error itself, when the row is not this call's to settle: lease lost, handed over, store failed.
 */
export async function stopEarly(run: TurnRun, error: unknown): Promise<Stopped> {
  // Whoever settled the row from outside wanted it to be over.
  if (run.interrupter.current?.kind === 'settled') await stopIfAsked(run)
  const ending = endingOf(run, error)
  const stop = await stopIfAsked(run)
  if (stop !== null) await pollOnceMore(run)
  // A cancel that came while the agent was being stopped still wins; a lease that was lost meanwhile does, too.
  return { ending: endingOf(run, error, ending), stop }
}

/** An ask outlives its run, and answered later it still runs: none may stay open when the turn is over. */
export async function closeAsks(run: TurnRun): Promise<StopReport | null> {
  return openAsks(run).length > 0 ? await stopIfAsked(run) : null
}

/** Whether nothing of the turn can happen on the server any more. */
export function isClosed(stop: StopReport | null): boolean {
  return stop === null || isProvenStop(stop)
}

async function stopIfAsked(run: TurnRun): Promise<StopReport | null> {
  const { delivery } = run
  if (delivery.prompt === null || !delivery.mayHaveArrived) return null
  return await stopAgent(run, delivery.prompt)
}

async function pollOnceMore(run: TurnRun): Promise<void> {
  const { prompt } = run.delivery
  if (prompt === null || run.reply === null) return
  try {
    // The run's own signal has fired already: this poll is bounded by time alone.
    await createPoller(run, prompt).poll({ timeoutMs: run.setup.budgets.requestMs })
  } catch (error) {
    run.setup.report(error, 'poll')
  }
}

function endingOf(run: TurnRun, error: unknown, decided?: Ending): Ending {
  const interruption = run.interrupter.current
  // A turn whose agent was stopped for its own end is not left to a worker that would take the stop for the end.
  const isOnlyLeft = interruption === null || interruption.kind === 'handed_off'
  if (decided !== undefined && isOnlyLeft) return decided
  if (interruption !== null) return interruptedEnding(run, interruption)
  if (TurnError.is(error)) return { status: 'failed', error }
  if (!WireError.is(error)) throw error
  const refused = new TurnError(
    'server_refused',
    `The OpenCode server refused to go on with the turn (${error.code}); see the cause.`,
    { cause: error },
  )
  return { status: 'failed', error: refused }
}

function interruptedEnding(run: TurnRun, interruption: Interruption): Ending {
  switch (interruption.kind) {
    case 'cancelled':
      return { status: 'cancelled' }
    case 'budget': {
      const { code, limit } = interruption.exceeded
      const name = code.replace('budget_', '').replaceAll('_', ' ')
      const message = `The turn used up its ${name} budget (${limit}) and was stopped.`
      return {
        status: 'failed',
        error: new TurnError(code, message, { cause: causeOf(run, code) }),
      }
    }
    case 'store_away':
      throw interruption.error
    case 'handed_off':
    case 'lease_lost':
    case 'settled':
      throw new Interrupted(interruption)
  }
}

/** The server's own words for what used the budget up. */
function causeOf({ remarks }: TurnRun, code: TurnErrorCode): Error | undefined {
  const words =
    code === 'budget_retry'
      ? (remarks.retry ?? remarks.sessionError?.message)
      : (remarks.sessionError?.message ?? remarks.retry)
  return words === undefined || words === null ? undefined : new Error(words)
}
