import { WireError } from '@turnstead/wire'
import { portTimeout, type TurnStep, unreachable } from '../errors.js'
import type { TurnSetup } from '../options.js'
import { withinMs } from './deadline.js'
import { isPassing, isPassingInStore } from './passing.js'

const firstDelayMs = 200
const longestDelayMs = 5_000

/** What is tried, and for how long one try may take. */
export interface Attempt<T> {
  readonly step: TurnStep
  readonly signal?: AbortSignal | undefined
  /** One try. Default: {@link storeCallMs}. */
  readonly limitMs?: number
  /** What else may pass. Default: what may pass at every step. */
  readonly mayPass?: (error: unknown) => boolean
  readonly attempt: (signal: AbortSignal) => Promise<T>
}

/**
 * Does a step again while the server or the store is out of reach, until the `unreachableMs` budget ends. Only for steps
 * that are safe to repeat: reads, and writes that say the same. A try that does not answer counts as failed.
 *
 * @throws TurnError `server_unreachable` with the last failure as its cause; the store's own error as it is.
 */
export async function withRetry<T>(setup: TurnSetup, options: Attempt<T>): Promise<T> {
  const { clock, budgets, report } = setup
  const { step, signal, limitMs = storeCallMs(setup), mayPass, attempt } = options
  const givesUpAt = clock.now() + budgets.unreachableMs
  for (let delayMs = firstDelayMs; ; delayMs = Math.min(delayMs * 2, longestDelayMs)) {
    signal?.throwIfAborted()
    try {
      const expired = (): unknown => portTimeout(step, limitMs)
      return await withinMs(clock, { ms: limitMs, signal, expired }, attempt)
    } catch (error) {
      signal?.throwIfAborted()
      const isOver = !isPassing(error) && !isPassingInStore(error) && mayPass?.(error) !== true
      if (isOver) throw error
      report(error, step)
      if (clock.now() + delayMs > givesUpAt) {
        throw WireError.is(error) ? unreachable(budgets.unreachableMs, error) : error
      }
      await clock.sleep(delayMs, signal === undefined ? {} : { signal })
    }
  }
}

/** How long one call of the host's store may take. Longer than a request: a row may be locked by the host itself. */
export function storeCallMs({ budgets }: TurnSetup): number {
  return Math.max(budgets.requestMs, budgets.unreachableMs / 4)
}
