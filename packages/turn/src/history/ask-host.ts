import { sessionNotRestored } from '../errors.js'
import { withinMs } from '../run/deadline.js'
import type { TurnRun } from '../run/run.js'

/**
 * What the host says or does before a lost session goes on. It is waited for as long as a whole turn may take, and no longer than the
 * turn runs.
 *
 * @throws TurnError `session_not_restored` when it fails; the reason of the turn's signal.
 */
export async function askHost<Value>(
  run: TurnRun,
  { name, sessionId }: { readonly name: string; readonly sessionId: string },
  call: () => Value | Promise<Value>,
): Promise<Value> {
  const { budgets, clock } = run.setup
  const ms = budgets.wallClockMs
  const expired = (): Error =>
    new Error(`\`${name}\` did not return within ${ms} ms (\`wallClockMs\`).`)
  try {
    return await withinMs(clock, { ms, signal: run.signal, expired }, async () => await call())
  } catch (error) {
    run.signal.throwIfAborted()
    throw sessionNotRestored(sessionId, `\`${name}\` has failed`, error)
  }
}
