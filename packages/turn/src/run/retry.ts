import { WireError } from '@turnstead/wire'
import { TurnError } from '../errors.js'
import type { TurnStep } from '../options.js'
import type { TurnRun } from './run.js'
import { untilAborted } from './until-aborted.js'

const firstDelayMs = 200
const longestDelayMs = 5_000

/**
 * Does a step again while the server or the database is out of reach, until the `unreachableMs` budget ends.
 * Only for steps that are safe to repeat: reads, the send with its fixed ids, and writes that say the same.
 *
 * @throws TurnError `server_unreachable` with the last failure as its cause; the store's own error as it is.
 */
export async function patiently<T>(
  run: TurnRun,
  step: TurnStep,
  attempt: () => Promise<T>,
  signal: AbortSignal = run.signal,
): Promise<T> {
  const { clock, budgets, report } = run.setup
  const givesUpAt = clock.now() + budgets.unreachableMs
  for (let delayMs = firstDelayMs; ; delayMs = Math.min(delayMs * 2, longestDelayMs)) {
    signal.throwIfAborted()
    try {
      return await untilAborted(signal, attempt())
    } catch (error) {
      signal.throwIfAborted()
      if (!isPassing(error) && !isPassingInStore(error)) throw error
      report(error, step)
      if (clock.now() + delayMs > givesUpAt) {
        throw WireError.is(error) ? unreachable(budgets.unreachableMs, error) : error
      }
      await clock.sleep(delayMs, { signal })
    }
  }
}

/**
 * The server answers 500 also to input it cannot take, so the client calls a 500 not worth repeating. A turn's
 * input is well formed, so for it a 500 is trouble that may pass.
 */
function isPassing(error: unknown): boolean {
  return WireError.is(error) && (error.retryable || error.code === 'server_error')
}

/** Once the server has a session, an answer that is none (a proxy's page, half a body) is trouble that may pass too. */
export function isPassingAtWork(error: unknown): boolean {
  if (isPassing(error)) return true
  return (
    WireError.is(error) &&
    (error.code === 'malformed_response' || error.code === 'unexpected_status')
  )
}

/** Stores say so by a property, as `SessionError` does. */
function isPassingInStore(error: unknown): boolean {
  return error instanceof Error && 'retryable' in error && error.retryable === true
}

/** The error for a server that stayed out of reach too long. */
export function unreachable(limitMs: number, cause: unknown): TurnError {
  return new TurnError(
    'server_unreachable',
    `The OpenCode server was out of reach for ${limitMs} ms; check that it runs, then ask again.`,
    { cause },
  )
}
