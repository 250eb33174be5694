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

  const check = (): void => {
    if (onBudgetWarning !== undefined) warn()
    const exceeded = exceededBudget(budgets, run.usage.read(), clock.now())
    if (exceeded !== null) run.interrupter.interrupt({ kind: 'budget', exceeded })
  }

  // Once the run is interrupted, no budget can end it any more.
  const unlisten = onAbort(run.signal, () => changed.wake())
  const watch = inBackground(async (closing) => {
    while (!closing.aborted && run.interrupter.current === null) {
      check()
      if (run.interrupter.current !== null) break
      const now = clock.now()
      const waitMs = Math.max(0, nextBudgetEnd(budgets, run.usage.read(), now) - now)
      await changed.wait(waitMs, closing).catch(() => undefined)
    }
    unlisten()
  })

  return {
    check() {
      check()
      changed.wake()
    },
    close: () => watch.close(),
  }
}
