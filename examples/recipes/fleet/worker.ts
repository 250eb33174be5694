/** One worker process of a fleet, until it is killed. */
import { createSessionStore } from '@turnstead/session'
import { createOutboxStore } from '@turnstead/session/outbox'
import { type TurnWorkerOptions, waitForPerson } from '@turnstead/turn'
import { createOutbox, webhook } from '@turnstead/turn/outbox'
import { createClient } from '@turnstead/wire'
import { Logger } from 'graphile-worker'
import { Redis } from 'ioredis'
import knexFactory from 'knex'
import { openTurnQueue, startBullWorker } from '../src/queues/bullmq.js'
import { startGraphileWorker } from '../src/queues/graphile-worker.js'
import { openNotifier } from './notifier.js'
import { leaseMs, readSetting } from './setting.js'

const setting = readSetting()
const { databaseUrl, queue, redisUrl, openCodeUrls, concurrency, owner } = setting
const knex = knexFactory({ client: 'pg', connection: databaseUrl, pool: { min: 0, max: 4 } })
const notifier = openNotifier(setting)
const store = createSessionStore({ knex, notifier, outbox: {} })
const [first, ...others] = openCodeUrls.map((baseUrl) => createClient({ baseUrl }))
if (first === undefined) throw new Error('there is no OpenCode server')
const clients = [first, ...others]
/** A conversation stays at its server. */
const clientOf = (id: unknown) => clients[Number(id) % clients.length] ?? first

const options: TurnWorkerOptions = {
  client: first,
  turnOptions: ({ conversationId }) => ({ client: clientOf(conversationId) }),
  store,
  notifier,
  owner,
  concurrency,
  resumeMs: 1_000,
  asks: waitForPerson,
  timing: { leaseMs },
  onError: (error, { step, turnId }) =>
    console.error(`${owner} ${step} ${String(turnId)}: ${String(error)}`),
}
createOutbox({
  store: createOutboxStore({ knex }),
  deliver: webhook({ url: setting.webhookUrl, secret: setting.secret }),
  pollMs: 500,
  timeoutMs: 2_000,
  retries: { firstDelayMs: 200, maxDelayMs: 2_000, maxAttempts: 50 },
})

if (redisUrl === null) {
  const worker = await startGraphileWorker(
    {
      connectionString: databaseUrl,
      schema: queue,
      concurrency,
      maxPoolSize: 4,
      logger: new Logger(() => () => undefined),
    },
    { ...options, knex, leaseMs },
  )
  setInterval(() => void worker.unlock().catch(console.error), leaseMs)
} else {
  const connection = new Redis(redisUrl, { maxRetriesPerRequest: null })
  const pace = { lockDuration: leaseMs, stalledInterval: leaseMs }
  startBullWorker(openTurnQueue(queue, connection), { connection, concurrency, ...pace }, options)
}
console.log('ready')
