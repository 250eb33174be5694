import type { Proof } from './follow.js'
import { TurnError } from '../errors.js'
import { patiently } from '../run/retry.js'
import type { Settlement } from '../ports.js'
import type { TurnRun } from '../run/run.js'
import { untilAborted } from '../run/until-aborted.js'

/** How a turn ended, before it is written. */
export type Ending =
  | { readonly status: 'completed'; readonly finish: string | null }
  | { readonly status: 'failed'; readonly error: TurnError }
  | { readonly status: 'cancelled' }

/** What the proof means for the row: an ended assistant message is a success only if it answered. */
export function toEnding(run: TurnRun, proof: Proof): Ending {
  if (proof.state === 'failed') return { status: 'failed', error: toError(proof) }
  const { text, tools } = run.reply.result()
  if (proof.rejected) {
    return {
      status: 'failed',
      error: new TurnError(
        'ask_rejected',
        'The turn stopped because a request of the agent was rejected.',
      ),
    }
  }
  if (text === '' && tools.length === 0 && run.setup.emptyReply === 'fail') {
    return {
      status: 'failed',
      error: new TurnError(
        'empty_reply',
        'The agent ended without saying or doing anything. Ask again.',
      ),
    }
  }
  return { status: 'completed', finish: proof.finish }
}

/**
 * The one terminal write. When a person's cancel came first it wins: the row stays cancelled and only the
 * partial reply is added.
 *
 * @returns how the row ended; null when another worker holds it.
 */
export async function writeEnding(run: TurnRun, ending: Ending): Promise<Ending | null> {
  const { store } = run.setup
  const settlement = toSettlement(run, ending)
  let attempts = 0
  const isSettled = await patiently(
    run,
    'settle',
    () => {
      attempts += 1
      return store.settle(run.lease, settlement)
    },
    run.lost,
  )
  if (isSettled) return ending
  const turn = await untilAborted(run.lost, store.read(run.lease.turnId))
  // An attempt whose answer was lost had taken effect: nobody else may write the row under this lease.
  if (attempts > 1 && turn?.status === ending.status && ending.status !== 'cancelled') return ending
  if (turn?.status !== 'cancelled') return null
  const isKept = await untilAborted(run.lost, store.keepPartial(run.lease, settlement))
  return isKept ? { status: 'cancelled' } : null
}

function toSettlement(run: TurnRun, ending: Ending): Settlement {
  const { text, reasoning, cost, tokens } = run.reply.result()
  const error = ending.status === 'failed' ? ending.error : null
  return {
    status: ending.status,
    reason: error?.code ?? null,
    reply: run.prompt === null ? null : run.reply.toJSON(),
    text,
    reasoning: reasoning === '' ? null : reasoning,
    cost,
    tokens,
    error: error && { code: error.code, message: error.message },
    finish: ending.status === 'completed' ? ending.finish : null,
  }
}

function toError({ error, reason }: Extract<Proof, { state: 'failed' }>): TurnError {
  // The server's message may hold stack traces, SQL and the user's text: it is the cause, not the message.
  const cause = new Error(error.message)
  cause.name = error.name
  if (reason === 'error') {
    const message = `The model provider failed (${error.name}); the cause has its message.`
    return new TurnError('provider_failed', message, { cause })
  }
  const message = `The turn was ended on the OpenCode server (${reason}).`
  return new TurnError('turn_stopped', message, { cause })
}
