import type { TurnJob, TurnWorkerOptions } from '@turnstead/turn'
import { createTurnWorker } from '@turnstead/turn'
import { run, type RunnerOptions } from 'graphile-worker'
import type { Knex } from 'knex'

/** In the transaction that writes the row: then there is no turn without a job, and no job without a turn. */
export async function addTurnJob(trx: Knex, schema: string, job: TurnJob): Promise<void> {
  await trx.raw('select ??.add_job(?, ?::json, queue_name => ?, job_key => ?)', [
    schema,
    'turn',
    JSON.stringify(job),
    `conversation-${job.conversationId}`,
    `turn-${job.turnId}`,
  ])
}

/** A worker process: `close` at SIGTERM hands its turns over. */
export async function startGraphileWorker(
  runner: RunnerOptions & { readonly schema: string },
  { knex, leaseMs = 30_000, ...options }: TurnWorkerOptions & { knex: Knex; leaseMs?: number },
) {
  const { schema, concurrency = 10 } = runner
  const turns = createTurnWorker({
    ...options,
    concurrency,
    timing: { ...options.timing, leaseMs },
    // What no worker took for long: its job was given up.
    onPending: async (found) =>
      void (await Promise.all(found.map((job) => addTurnJob(knex, schema, job)))),
  })
  /** The jobs and queues of a killed worker stay locked for four hours, though its turns go on. None of these shows a sign of life. */
  const unlock = async (): Promise<void> => {
    await knex.raw(
      `select ??.force_unlock_workers(array_agg(distinct job.locked_by)) from ??.jobs as job
       join conversations as c on job.queue_name = 'conversation-' || c.id
       left join messages as m on m.id::text = c.turn_id::text
       where greatest(extract(epoch from job.locked_at) * 1000, m.turn_closed_at, c.turn_expires_at) < ?`,
      [schema, schema, Date.now() - leaseMs],
    )
  }
  const turn = async (payload: unknown): Promise<void> => void (await turns.run(payload as TurnJob))
  const jobs = await run({
    ...runner,
    concurrency,
    noHandleSignals: true,
    // A job may end when the pool has: without its batches that is an error that nothing handles.
    preset: { worker: { completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
    taskList: { turn, unlock },
    crontab: '* * * * * unlock',
  })
  await unlock()
  let isClosing = false
  // It takes no more jobs when any application of this database has changed tables of graphile-worker: a new process has to begin.
  jobs.events.once('pool:gracefulShutdown', () => {
    if (!isClosing) process.kill(process.pid, 'SIGTERM')
  })
  const close = async (): Promise<void> => {
    isClosing = true
    await Promise.all([jobs.stop().catch(() => undefined), turns.close()])
  }
  return { turns, unlock, close }
}
