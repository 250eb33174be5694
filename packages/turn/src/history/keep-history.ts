import type { HistoryEntry } from '../ports/history.js'
import { withRetry } from '../run/retry.js'
import type { TurnRun } from '../run/run.js'
import { collectEntry } from './collect-entry.js'
import { headBefore, noteHead } from './known-heads.js'

/** Finds where the kept history of the conversation ends, before anything is asked of the server. */
export async function findHead(run: TurnRun): Promise<void> {
  const { setup, history, lease } = run
  if (history === null || setup.history === null) return
  const store = setup.history
  const known = headBefore(store, lease.lease)
  const head =
    known ??
    (await withRetry(setup, {
      step: 'history',
      signal: run.signal,
      attempt: async () => await store.newest(setup.conversationId),
    }))
  history.found(head)
}

/**
 * Keeps what the turn added to its session, before the turn is settled. Most of it the polls have read already. A turn does not fail by
 * it: what is not kept now is kept with the next turn, whose entry begins where the last one ends.
 *
 * @param until - `step`: only what the agent has done with, while it goes on.
 */
export async function keepHistory(run: TurnRun, until: 'end' | 'step' = 'end'): Promise<void> {
  const { setup, history, delivery, lease } = run
  const { prompt } = delivery
  if (history === null || setup.history === null || prompt === null) return
  if (!delivery.mayHaveArrived) return
  const store = setup.history
  const keep = async (entry: HistoryEntry): Promise<void> => {
    await withRetry(setup, { step: 'history', attempt: () => store.keep(lease.lease, entry) })
    history.found(entry)
    noteHead(store, lease.lease, entry)
  }
  try {
    const entry = await collectEntry(run, history, { sessionId: prompt.sessionId, until })
    if (entry === null) return
    await keep(entry).catch(async (error: unknown) => {
      if (!isTooLarge(error)) throw error
      setup.report(error, 'history')
      // Restored without this turn the agent would have forgotten it in silence.
      await keep({ ...entry, lacks: String(error), sessions: [] })
    })
  } catch (error) {
    setup.report(error, 'history')
  }
}

function isTooLarge(error: unknown): boolean {
  return (error as { readonly code?: unknown } | null)?.code === 'history_too_large'
}
