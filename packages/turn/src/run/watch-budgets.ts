import { budgetWarnings, exceededBudget, nextBudgetEnd } from '../budgets.js'
import { type Background, inBackground } from './deadline.js'
import { onAbort } from './listen.js'
import type { TurnRun } from './run.js'
import { createWakeup } from './wakeup.js'

/** Watches the budgets of a run, whatever the run itself waits for. */
export interface BudgetWatch extends Background {
  /** Something that a budget counts has changed. */
  check(): void
}

/** Ends the run by an interruption as soon as one of its budgets is used up. */
export function watchBudgets(run: TurnRun): BudgetWatch {
  const { budgets, clock, onBudgetWarning, report } = run.setup
  const changed = createWakeup(clock)
  /** When the watch looks again by itself. */
  let looksAt = -Infinity

  const warned = new Set<string>()

  const warn = (): void => {
    for (const warning of budgetWarnings(budgets, run.usage.read(), clock.now())) {
      if (warned.has(warning.code)) continue
      warned.add(warning.code)
      try {
        onBudgetWarning?.(warning)
      } catch (error) {
        report(error, 'callback')
      }
    }
  }

  /** When the next budget ends, as things are. */
  const check = (): number => {
    if (onBudgetWarning !== undefined) warn()
    const now = clock.now()
    const usage = run.usage.read()
    const exceeded = exceededBudget(budgets, usage, now)
    if (exceeded !== null) run.interrupter.interrupt({ kind: 'budget', exceeded })
    return nextBudgetEnd(budgets, usage, now)
  }

  // Once the run is interrupted, no budget can end it any more.
  const unlisten = onAbort(run.signal, () => changed.wake())
  const watch = inBackground(async (closing) => {
    while (!closing.aborted && run.interrupter.current === null) {
      looksAt = check()
      if (run.interrupter.current !== null) break
      await changed.wait(Math.max(0, looksAt - clock.now()), closing).catch(() => undefined)
    }
    unlisten()
  })

  return {
    check() {
      // Progress only moves the ends away: then it looks when it would have looked, and waits on.
      if (check() < looksAt) changed.wake()
    },
    close: () => watch.close(),
  }
}
