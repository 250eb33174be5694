/** One web process of a fleet: it has no client of OpenCode. */
import { serve } from '@hono/node-server'
import { createSessionStore } from '@turnstead/session'
import { followTurn } from '@turnstead/turn/live'
import { Redis } from 'ioredis'
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { addTurnJob, openTurnQueue } from '../src/queues/bullmq.js'
import { createHonoApp } from '../src/servers/hono.js'
import { openTurns } from '../src/servers/turns.js'
import { openNotifier } from './notifier.js'
import { readSetting } from './setting.js'

const setting = readSetting()
const { databaseUrl, queue, redisUrl } = setting
const base = openTurns({ databaseUrl, schema: queue, filesRoot: tmpdir() })
const { knex } = base
const notifier = openNotifier(setting)
const store = createSessionStore({ knex, notifier, outbox: {} })

/** The same with Redis: the job after the commit. */
const onBull = (url: string): Pick<typeof base, 'begin'> => {
  const jobs = openTurnQueue(queue, new Redis(url, { maxRetriesPerRequest: null }))
  return {
    begin: async (conversationId, text) => {
      const turn = { turn_status: 'pending', turn_input: JSON.stringify({ text }) }
      const row = { conversation_id: conversationId, ...turn }
      const [{ id }] = await knex('messages').insert(row).returning('id')
      await addTurnJob(jobs, { conversationId, turnId: id })
      return id
    },
  }
}

const turns: typeof base = {
  ...base,
  store,
  follow: async (turnId, signal) => {
    const turn = await followTurn({ store, notifier, turnId, ...(signal && { signal }) })
    void turn?.ended.then(() => turn.close())
    return turn
  },
  ...(redisUrl === null ? {} : onBull(redisUrl)),
}
const app = createHonoApp(turns, ({ headers }) => Number(headers.get('x-user')))
const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server
if (!server.listening) await once(server, 'listening')
console.log((server.address() as AddressInfo).port)
