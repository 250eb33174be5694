/** One web process of a fleet: it has no client of OpenCode. */
import { createSessionStore } from '@turnstead/session'
import { createTurnRoutes, toNodeListener } from '@turnstead/turn/http'
import { Redis } from 'ioredis'
import knexFactory, { type Knex } from 'knex'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as bull from '../src/queues/bullmq.js'
import { addTurnJob } from '../src/queues/graphile-worker.js'
import { openNotifier } from './notifier.js'
import { readSetting } from './setting.js'

const setting = readSetting()
const { databaseUrl, queue, redisUrl } = setting
const knex = knexFactory({ client: 'pg', connection: databaseUrl })
const notifier = openNotifier(setting)
const store = createSessionStore({ knex, notifier, outbox: {} })
const jobs =
  redisUrl === null
    ? null
    : bull.openTurnQueue(queue, new Redis(redisUrl, { maxRetriesPerRequest: null }))

async function addTurn(at: Knex, conversationId: string, text: string): Promise<number> {
  const turn = { turn_status: 'pending', turn_input: JSON.stringify({ text }) }
  const row = { conversation_id: conversationId, ...turn }
  const [{ id: turnId }] = await at('messages').insert(row).returning('id')
  if (jobs === null) await addTurnJob(at, queue, { conversationId, turnId })
  return turnId
}

const routes = createTurnRoutes({
  store,
  notifier,
  authorize: async ({ request, conversationId, turnId }) => {
    const userId = Number(request.headers.get('x-user'))
    const theirs = knex('conversations').where('user_id', userId)
    const ofTurn = knex('messages').where('id', turnId ?? 0)
    const ids = turnId === undefined ? [conversationId] : ofTurn.select('conversation_id')
    return (await theirs.whereIn('id', ids).first('id')) !== undefined && { userId }
  },
  begin: async ({ conversationId, text }) => {
    const turnId = await knex.transaction((trx) => addTurn(trx, conversationId, text))
    // Redis knows no transaction of ours: the job comes after the commit.
    if (jobs !== null) await bull.addTurnJob(jobs, { conversationId, turnId })
    return turnId
  },
})
const server = createServer(toNodeListener(routes)).listen(0, '127.0.0.1')
await once(server, 'listening')
console.log((server.address() as AddressInfo).port)
