import { makeWorkerUtils } from 'graphile-worker'
import { Redis } from 'ioredis'
import type { Knex } from 'knex'
import { randomBytes } from 'node:crypto'
import PgBoss from 'pg-boss'
import { addTurnJob as addToBull, openTurnQueue } from '../../src/queues/bullmq.js'
import { addTurnJob as addToGraphile } from '../../src/queues/graphile-worker.js'
import { addTurnJob as addToBoss, createTurnQueue } from '../../src/queues/pg-boss.js'
import { openRedis } from './redis.js'
import type { Rows } from './rows.js'

interface Job {
  readonly conversationId: number
  readonly turnId: number
}

/** A queue as its recipe uses it, and what a test needs beside. */
export interface Engine {
  /** For the environment of a worker process. */
  readonly env: Readonly<Record<string, string>>
  /** As the recipe does. */
  add(trx: Knex, job: Job): Promise<void>
  /** A second job for the same turn, as a queue delivers twice. */
  addSecond(job: Job): Promise<void>
  /** A job that is given up at its first failure. */
  addOnce(job: Job): Promise<void>
  /** Jobs that the queue would still deliver. */
  left(): Promise<number>
  close(): Promise<void>
}

export const engines: Readonly<Record<string, (rows: Rows) => Promise<Engine | string>>> = {
  'graphile-worker': async ({ knex, url }) => {
    const schema = `graphile_${randomBytes(6).toString('hex')}`
    const utils = await makeWorkerUtils({ connectionString: url, schema })
    await utils.migrate()
    return {
      env: { QUEUE: schema },
      add: (trx, job) => addToGraphile(trx, schema, job),
      addSecond: async (job) => void (await utils.addJob('turn', job)),
      addOnce: async (job) =>
        void (await utils.addJob('turn', job, { maxAttempts: 1, jobKey: `turn-${job.turnId}` })),
      left: async () => {
        const jobs = knex(`${schema}.jobs`).where('task_identifier', 'turn')
        const [row] = await jobs.whereRaw('attempts < max_attempts').count({ count: '*' })
        return Number(row?.['count'])
      },
      close: async () => {
        await utils.release()
        await knex.raw('drop schema ?? cascade', [schema])
      },
    }
  },
  BullMQ: async () => {
    const redis = await openRedis()
    if (typeof redis === 'string') return redis
    const connection = new Redis(redis.url, { maxRetriesPerRequest: null })
    const name = `turns-${randomBytes(6).toString('hex')}`
    const queue = openTurnQueue(name, connection)
    return {
      env: { QUEUE: name, REDIS_URL: redis.url },
      add: (_, job) => addToBull(queue, job),
      addSecond: async (job) => void (await queue.add('turn', job, { removeOnComplete: true })),
      addOnce: async (job) => void (await queue.add('turn', job, { removeOnFail: true })),
      left: () => queue.getJobCountByTypes('waiting', 'active', 'delayed'),
      close: async () => {
        await queue.obliterate({ force: true })
        await queue.close()
        await connection.quit()
        redis.close()
      },
    }
  },
  'pg-boss': async ({ knex, url }) => {
    const schema = `boss_${randomBytes(6).toString('hex')}`
    const boss = new PgBoss({ connectionString: url, schema, supervise: false, schedule: false })
    boss.on('error', console.error)
    await boss.start()
    await createTurnQueue(boss)
    return {
      env: { QUEUE: schema },
      add: (trx, job) => addToBoss(boss, trx, job),
      addSecond: async (job) => void (await boss.send('turn', job)),
      addOnce: async (job) => void (await boss.send('turn', job, { retryLimit: 0 })),
      left: async () => {
        const jobs = knex(`${schema}.job`).where('name', 'turn')
        const [row] = await jobs.whereRaw(`state < 'completed'`).count({ count: '*' })
        return Number(row?.['count'])
      },
      close: async () => {
        await boss.stop({ wait: true })
        await knex.raw('drop schema ?? cascade', [schema])
      },
    }
  },
  'in-process': async () => ({
    env: {},
    add: async () => undefined,
    addSecond: async () => undefined,
    addOnce: async () => undefined,
    left: async () => 0,
    close: async () => undefined,
  }),
}
