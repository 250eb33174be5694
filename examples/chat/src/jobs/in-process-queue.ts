import type { TurnJob, TurnWorkerOptions } from '@turnstead/turn'
import { createTurnWorker } from '@turnstead/turn'
import type { TurnQueue } from '../rows/turn-queue.js'
import type { RunningWorker } from './worker.js'

/** No queue at all: the rows are it. */
export interface InProcessQueue extends TurnQueue {
  /** Takes what comes, after those that came before there was a worker. */
  start(pending: readonly TurnJob[], options: TurnWorkerOptions): RunningWorker
}

export function createInProcessQueue(): InProcessQueue {
  let take: ((job: TurnJob) => void) | null = null
  return {
    add: async () => undefined,
    // Before there is a worker the row is enough.
    wake: (job) => take?.(job),
    start(pending, options) {
      const enqueue = (job: TurnJob): void => {
        worker
          .enqueue(job)
          .catch((error: unknown) => options.onError?.(error, { step: 'worker', ...job }))
      }
      const worker = createTurnWorker({ ...options, onPending: (found) => found.forEach(enqueue) })
      take = enqueue
      pending.forEach(enqueue)
      return {
        health: () => worker.health(),
        async close() {
          take = null
          await worker.close()
        },
      }
    },
  }
}
