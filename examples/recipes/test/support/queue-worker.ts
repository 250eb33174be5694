/** A worker process of the engine that `ENGINE` names, quick enough for tests. */
import { createSessionStore } from '@turnstead/session'
import { createPostgresNotifier } from '@turnstead/session/postgres-notifier'
import type { TurnStore, TurnWorkerOptions } from '@turnstead/turn'
import { createClient } from '@turnstead/wire'
import { Logger } from 'graphile-worker'
import { Redis } from 'ioredis'
import knexFactory from 'knex'
import PgBoss from 'pg-boss'
import { openTurnQueue, startBullWorker } from '../../src/queues/bullmq.js'
import { startGraphileWorker } from '../../src/queues/graphile-worker.js'
import { startInProcess } from '../../src/queues/in-process.js'
import { startBossWorker } from '../../src/queues/pg-boss.js'

const env = (name: string): string => process.env[name] ?? ''
const leaseMs = 1_000
const knex = knexFactory({
  client: 'pg',
  connection: env('DATABASE_URL'),
  pool: { min: 0, max: 5 },
})
const notifier = createPostgresNotifier({ connection: env('DATABASE_URL') })
const client = createClient({ baseUrl: env('OPENCODE_URL') })
const rows = createSessionStore({ knex, notifier })
const failUntil = Date.now() + Number(env('FAIL_CLAIMS_MS'))
const store: TurnStore = {
  ...rows,
  claim: async (request) => {
    if (Date.now() < failUntil) throw new Error('the rows are out of reach')
    return rows.claim(request)
  },
}
const options: TurnWorkerOptions = {
  client,
  store,
  notifier,
  owner: env('OWNER'),
  concurrency: 4,
  resumeMs: 200,
  budgets: { unreachableMs: Number(env('FAIL_CLAIMS_MS')) > 0 ? 100 : 10_000 },
  timing: { leaseMs, pollMs: 100, snapshotMs: 50 },
}

const engines: Readonly<Record<string, () => Promise<{ close: () => Promise<void> }>>> = {
  'graphile-worker': async () => {
    const schema = env('QUEUE')
    const logger = new Logger(() => () => undefined)
    const runner = { connectionString: env('DATABASE_URL'), schema, logger, pollInterval: 200 }
    const worker = await startGraphileWorker(runner, { ...options, knex, leaseMs })
    const timer = setInterval(() => void worker.unlock().catch(console.error), 200)
    return {
      close: async () => {
        clearInterval(timer)
        await worker.close()
      },
    }
  },
  BullMQ: async () => {
    const connection = new Redis(env('REDIS_URL'), { maxRetriesPerRequest: null })
    const queue = openTurnQueue(env('QUEUE'), connection)
    const pace = { lockDuration: 1_000, stalledInterval: 500, drainDelay: 1 }
    const worker = startBullWorker(queue, { connection, ...pace }, options)
    return {
      close: async () => {
        await worker.close()
        await queue.close()
        await connection.quit()
      },
    }
  },
  'pg-boss': async () => {
    const boss = new PgBoss({ connectionString: env('DATABASE_URL'), schema: env('QUEUE') })
    boss.on('error', console.error)
    await boss.start()
    return startBossWorker(boss, knex, options)
  },
  'in-process': () => startInProcess(knex, options),
}

const engine = await engines[env('ENGINE')]!()
process.once('SIGTERM', async () => {
  await engine.close()
  await client.close()
  await notifier.close()
  await knex.destroy()
})
console.log('ready')
