import { WireError } from '@turnstead/wire'
import { TurnError } from './errors.js'
import type { TurnStep } from './options.js'
import type { TurnRun } from './run.js'
import { untilAborted } from './until-aborted.js'

const firstDelayMs = 200
const longestDelayMs = 5_000

/**
 * Does a step again while the server is out of reach, until the `unreachableMs` budget ends. Only for
 * steps that are safe to repeat: reads, and the send with its fixed ids.
 *
 * @throws TurnError `server_unreachable` with the last failure as its cause.
 */
export async function patiently<T>(
  run: TurnRun,
  step: TurnStep,
  attempt: () => Promise<T>,
): Promise<T> {
  const { clock, budgets, report } = run.setup
  const givesUpAt = clock.now() + budgets.unreachableMs
  for (let delayMs = firstDelayMs; ; delayMs = Math.min(delayMs * 2, longestDelayMs)) {
    run.signal.throwIfAborted()
    try {
      return await untilAborted(run.signal, attempt())
    } catch (error) {
      run.signal.throwIfAborted()
      if (!isPassing(error)) throw error
      report(error, step)
      if (clock.now() + delayMs > givesUpAt) throw unreachable(budgets.unreachableMs, error)
      await clock.sleep(delayMs, { signal: run.signal })
    }
  }
}

/**
 * The server answers 500 also to input it cannot take, so the client calls a 500 not worth repeating. A turn's
 * input is well formed, so for it a 500 is trouble that may pass.
 */
export function isPassing(error: unknown): boolean {
  return WireError.is(error) && (error.retryable || error.code === 'server_error')
}

/** The error for a server that stayed out of reach too long. */
export function unreachable(limitMs: number, cause: unknown): TurnError {
  return new TurnError(
    'server_unreachable',
    `The OpenCode server was out of reach for ${limitMs} ms; check that it runs, then ask again.`,
    { cause },
  )
}
