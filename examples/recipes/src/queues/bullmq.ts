import type { TurnJob, TurnWorkerOptions } from '@turnstead/turn'
import { createTurnWorker, TurnError } from '@turnstead/turn'
import { DelayedError, Queue, Worker, type WorkerOptions } from 'bullmq'
import type { Redis } from 'ioredis'

/** `connection` stays yours: quit it yourself. */
export function openTurnQueue(name: string, connection: Redis): Queue<TurnJob> {
  return new Queue(name, { connection })
}

/** After the commit of the row. A process that dies in between leaves a pending turn, which a worker adds again. */
export async function addTurnJob(queue: Queue<TurnJob>, job: TurnJob): Promise<void> {
  await queue.add('turn', job, {
    jobId: `turn-${job.turnId}`,
    attempts: 10,
    backoff: { type: 'exponential', delay: 1_000 },
    // A job that stays under its id, done or failed, would keep out a new one.
    removeOnComplete: true,
    removeOnFail: true,
  })
}

/** A worker process: `close` at SIGTERM hands its turns over. The connection needs `maxRetriesPerRequest: null`. */
export function startBullWorker(
  queue: Queue<TurnJob>,
  bull: WorkerOptions & { readonly connection: Redis },
  options: TurnWorkerOptions,
) {
  const { concurrency = 10 } = bull
  const turns = createTurnWorker({
    ...options,
    concurrency,
    onPending: async (found) =>
      void (await Promise.all(found.map((job) => addTurnJob(queue, job)))),
  })
  const jobs = new Worker<TurnJob>(
    queue.name,
    async (job, token) => {
      try {
        await turns.run(job.data)
      } catch (error) {
        if (!TurnError.is(error) || error.code !== 'not_run') throw error
        // Not a failure, so it costs no attempt: the conversation is held, or this worker leaves.
        await job.moveToDelayed(Date.now() + 1_000, token)
        throw new DelayedError()
      }
    },
    // A turn whose worker dies again and again is still a turn.
    { maxStalledCount: 100, ...bull, concurrency },
  )
  jobs.on('error', () => undefined)
  const close = async (): Promise<void> => void (await Promise.all([jobs.close(), turns.close()]))
  return { turns, close }
}
