import type { TurnJob, TurnWorkerOptions } from '@turnstead/turn'
import { createTurnWorker } from '@turnstead/turn'
import { Logger, runMigrations } from 'graphile-worker'
import type { Knex } from 'knex'
import type { TurnQueue } from '../rows/turn-queue.js'
import { startJobRunner } from './job-runner.js'
import type { RunningWorker } from './worker.js'

const logger = new Logger(() => () => undefined)

/** The tables of the queue, made or brought up to date: a web process may be the first that needs them. */
export async function migrateQueue(connectionString: string, schema: string): Promise<void> {
  await runMigrations({ connectionString, schema, logger })
}

/** Jobs in PostgreSQL: there is no turn without a job, and no job without a turn. */
export function createGraphileQueue(schema: string): TurnQueue {
  return {
    async add(trx, job) {
      await trx.raw('select ??.add_job(?, ?::json, queue_name => ?, job_key => ?)', [
        schema,
        'turn',
        JSON.stringify({ conversationId: job.conversationId, turnId: job.turnId }),
        `conversation-${job.conversationId}`,
        `turn-${job.turnId}`,
      ])
    },
    // The database wakes the workers.
    wake: () => undefined,
  }
}

export interface GraphileWorkerOptions extends TurnWorkerOptions {
  readonly knex: Knex
  readonly connectionString: string
  readonly schema: string
  readonly leaseMs: number
  readonly concurrency: number
}

/** Takes jobs until it is closed, which hands its turns over. */
export async function startGraphileWorker(options: GraphileWorkerOptions): Promise<RunningWorker> {
  const { knex, connectionString, schema, leaseMs, concurrency, onError, ...turns } = options
  const queue = createGraphileQueue(schema)
  const report = (error: unknown): void =>
    onError?.(error, { step: 'worker', turnId: null, conversationId: null })
  const worker = createTurnWorker({
    ...turns,
    ...(onError && { onError }),
    concurrency,
    // What no worker took for long: its job was given up.
    onPending: async (found) => void (await Promise.all(found.map((job) => queue.add(knex, job)))),
  })
  const jobs = await startJobRunner({
    connectionString,
    schema,
    concurrency,
    run: async (payload) => void (await worker.run(payload as TurnJob)),
    onError: report,
  })
  const unlock = (): void => void unlockDead(knex, schema, leaseMs).catch(report)
  unlock()
  const timer = setInterval(unlock, leaseMs)
  return {
    health: () => worker.health(),
    async close() {
      clearInterval(timer)
      await Promise.all([jobs.stop(), worker.close()])
    },
  }
}

/** The jobs and queues of a killed worker stay locked for four hours, though its turns go on. None of these shows a sign of life. */
async function unlockDead(knex: Knex, schema: string, leaseMs: number): Promise<void> {
  await knex.raw(
    `select ??.force_unlock_workers(array_agg(distinct job.locked_by)) from ??.jobs as job
     join conversations as c on job.queue_name = 'conversation-' || c.id
     left join messages as m on m.id::text = c.turn_id::text
     where greatest(extract(epoch from job.locked_at) * 1000, m.turn_closed_at, c.turn_expires_at) < ?`,
    [schema, schema, Date.now() - leaseMs],
  )
}
