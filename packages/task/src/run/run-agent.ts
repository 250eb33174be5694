import { monotonic } from '../clock.js'
import type { OpenCodeRunOutput } from '../run-output.js'
import { onAbort } from './listen.js'
import type { AgentCall, RunSetup } from './run-setup.js'
import { createScreen } from './screen.js'
import { createWakeup } from './wakeup.js'
import { workOn } from './work-on.js'

/**
 * Asks the agent, and gives the outputs of the run: preliminary ones while it works, then the last one. Whoever leaves it, or aborts
 * the call's signal, stops the agent.
 *
 * @param onSettled - Called when the agent works no more, whether its last output is taken or not.
 * @throws what the host's store throws, TaskError, and what `runTurn` throws for wrong options.
 */
export async function* runAgent(
  setup: RunSetup,
  call: AgentCall,
  onSettled: () => void = () => undefined,
): AsyncGenerator<OpenCodeRunOutput, void, void> {
  const stop = new AbortController()
  const unlisten = onAbort(call.signal, () => stop.abort(call.signal?.reason))
  const wakeup = createWakeup()
  const over = new AbortController()
  const startedAt = monotonic(setup.clock)
  const screen = createScreen(call, setup.previewCharacters)
  const work = workOn(setup, call, { cancelSignal: stop.signal, wake: () => wakeup.wake() })
  const settled = work.ended.then(
    (facts) => ({ facts }),
    (error: unknown) => ({ error }),
  )
  void settled.then(() => {
    over.abort()
    wakeup.wake()
    onSettled()
  })
  try {
    while (!over.signal.aborted) {
      const output = screen.next(work.source(), monotonic(setup.clock) - startedAt)
      if (output !== null) yield output
      await wakeup.wait()
      if (over.signal.aborted) break
      await setup.clock.sleep(setup.intervalMs, { signal: over.signal }).catch(() => undefined)
    }
    const end = await settled
    if ('error' in end) throw end.error
    yield screen.end(work.source(), end.facts)
  } finally {
    // Left early: the agent must not go on unseen.
    stop.abort()
    await settled
    unlisten()
    work.close()
  }
}
