import { WireError } from '@turnstead/wire'
import { openAsks } from './attend-asks.js'
import { TurnError } from '../errors.js'
import { look } from '../poll/poll.js'
import { Interrupted, type Interruption } from '../run/interruption.js'
import { requestLimits, type TurnRun } from '../run/run.js'
import type { Ending } from './settle.js'
import { stopAgent, type StopReport } from './stop.js'

/** An ending, and how the agent was stopped if it had to be. */
export interface Break {
  readonly ending: Ending
  readonly stop: StopReport | null
}

/** After these nothing runs on the server any more. */
const endedCodes: ReadonlySet<string> = new Set(['server_lost_turn', 'prompt_rejected'])

/**
 * Ends a turn that did not come to its own end: stops the agent, takes the last look, names the ending.
 *
 * @throws the error itself when the row is not this call's to settle: lease lost, handed off, store failed.
 */
export async function breakOff(run: TurnRun, error: unknown): Promise<Break> {
  const ending = toEnding(error)
  if (ending === null) throw error
  const hasEnded = ending.status === 'failed' && endedCodes.has(ending.error.code)
  const stop = hasEnded ? await closeAsks(run) : await stopIfAsked(run)
  if (stop?.aborted) await takeLastLook(run)
  return { ending, stop }
}

/** An ask outlives its run, and answered later it still runs: none may stay behind a turn that is over. */
export async function closeAsks(run: TurnRun): Promise<StopReport | null> {
  return openAsks(run).length > 0 ? await stopIfAsked(run) : null
}

async function stopIfAsked(run: TurnRun): Promise<StopReport | null> {
  if (run.prompt === null || run.delivery === 'none') return null
  return await stopAgent(run, run.prompt.sessionId)
}

async function takeLastLook(run: TurnRun): Promise<void> {
  if (run.prompt === null) return
  try {
    // The run's own signal has fired already: this look is bounded by time alone.
    await look(run, run.prompt, requestLimits(run, new AbortController().signal))
  } catch (error) {
    run.setup.report(error, 'poll')
  }
}

function toEnding(error: unknown): Ending | null {
  if (error instanceof Interrupted) return interruptedEnding(error.interruption)
  if (TurnError.is(error)) return { status: 'failed', error }
  if (!WireError.is(error)) return null
  // The host closed its client under the turn, which runs on: that is a shutdown, whatever it was meant to be.
  if (error.code === 'closed') throw new Interrupted({ kind: 'handed_off' })
  const refused = new TurnError(
    'server_refused',
    `The OpenCode server refused to go on with the turn (${error.code}); see the cause.`,
    { cause: error },
  )
  return { status: 'failed', error: refused }
}

function interruptedEnding(interruption: Interruption): Ending | null {
  if (interruption.kind === 'cancelled') return { status: 'cancelled' }
  if (interruption.kind !== 'budget') return null
  const { code, limit } = interruption.exceeded
  const name = code.replace('budget_', '').replaceAll('_', ' ')
  const error = new TurnError(
    code,
    `The turn used up its ${name} budget (${limit}) and was stopped.`,
  )
  return { status: 'failed', error }
}
