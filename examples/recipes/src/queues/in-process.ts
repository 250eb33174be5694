import type { TurnJob, TurnWorkerOptions } from '@turnstead/turn'
import { createTurnWorker } from '@turnstead/turn'
import type { Knex } from 'knex'

/**
 * No queue at all: the rows are it. What this process took and did not end, it or another one finds again; `close` at
 * SIGTERM hands its turns over.
 */
export async function startInProcess(knex: Knex, options: TurnWorkerOptions) {
  const add = (job: TurnJob): void => {
    // Settles with the turn, and again finds the row where the process ends before.
    const context = { step: 'worker', ...job } as const
    void turns.enqueue(job).catch((error: unknown) => options.onError?.(error, context))
  }
  const turns = createTurnWorker({ ...options, onPending: (found) => found.forEach(add) })
  // What was written and never begun; what was begun and left, the worker finds by itself.
  const pending = await knex('messages')
    .where('turn_status', 'pending')
    .orderBy('id')
    .select({ turnId: 'id', conversationId: 'conversation_id' })
  pending.forEach(add)
  return { turns, add, close: () => turns.close() }
}
