/** What it costs to follow a turn from another process, and how late its text is there: rows in PostgreSQL, a real notifier. */
import { databases } from '@turnstead-internal/databases'
import { createSessionStore, type OpenNotifier } from '@turnstead/session'
import { createPostgresNotifier } from '@turnstead/session/postgres-notifier'
import { createRedisNotifier } from '@turnstead/session/redis-notifier'
import { createClient } from '@turnstead/wire'
import { runTurn } from '../src/index.js'
import { openRows } from '../test/support/rows.js'
import { type FollowerReport, type FollowerTask, startFollowers } from './support/follow.js'
import { machineMs, median, round, startProcess } from './support/measure.js'

const paceMs = 20
const deltas = 250
const many = 1_000
const rounds = 3

type Kind = FollowerTask['notifier']['kind']

/** Runs turns here and follows each in another process. */
interface Stage {
  run(followers: number): Promise<{ readonly delays: readonly number[]; readonly cpu: number }>
  close(): Promise<void>
}

async function openStage(kind: Kind): Promise<Stage | null> {
  const reason = databases.find(({ name }) => name === 'postgresql')?.skip
  if (reason !== null) return skip(reason ?? 'no PostgreSQL')
  const redis = process.env['TEST_REDIS_URL'] ?? ''
  if (kind === 'redis' && redis === '') return skip('set TEST_REDIS_URL to a Redis server')
  const rows = await openRows('postgresql')
  const databaseUrl = rows.database.url
  const connection = kind === 'pg' ? databaseUrl : redis
  const notifier: OpenNotifier =
    kind === 'pg' ? createPostgresNotifier({ connection }) : createRedisNotifier({ connection })
  const store = createSessionStore({ knex: rows.database.knex, notifier })
  const server = await startProcess('pace-server.ts', [deltas, paceMs])
  const client = createClient({ baseUrl: server.url, env: {} })

  return {
    async run(followers) {
      const turnId = await rows.addMessage()
      const task = { databaseUrl, notifier: { kind, connection }, turnId, followers }
      const { report } = await startFollowers(task)
      const told: FollowerReport['arrivals'] = []
      const result = await runTurn({
        client,
        store,
        notifier,
        conversationId: 1,
        turnId,
        prompt: { text: 'Hello' },
        onReply: (reply) => {
          reply.observe({ textDelta: ({ length }) => void told.push({ length, at: machineMs() }) })
        },
      })
      if (result.status !== 'completed') throw new Error(`the turn ended as ${result.status}`)
      const { arrivals, cpu } = await report
      return { delays: delaysOf(told, arrivals), cpu }
    },
    async close() {
      await client.close()
      server.close()
      await notifier.close()
      await rows.close()
    },
  }
}

/** From when a text was so long in the worker to when it was at least as long in the follower. */
function delaysOf(
  told: FollowerReport['arrivals'],
  arrivals: FollowerReport['arrivals'],
): readonly number[] {
  return told.flatMap(({ length, at }) => {
    const arrival = arrivals.find((each) => each.length >= length)
    return arrival === undefined ? [] : [arrival.at - at]
  })
}

function delayBench(kind: Kind) {
  const name = `turn.follow.delay_ms_p50_${kind}`
  return {
    name,
    async run() {
      const stage = await openStage(kind)
      if (stage === null) return []
      try {
        const { delays } = await stage.run(1)
        if (delays.length < deltas / 2) throw new Error('the follower saw too little')
        return [{ name, value: round(median(delays), 1), unit: 'ms', better: 'lower' }] as const
      } finally {
        await stage.close()
      }
    },
  }
}

export const followDelayPg = delayBench('pg')
export const followDelayRedis = delayBench('redis')

/** CPU of a process with many followers of a turn over that of a process with one; the least of each. */
export const followCpu = {
  name: 'turn.follow.cpu_1000_followers',
  async run() {
    const stage = await openStage('pg')
    if (stage === null) return []
    const one: number[] = []
    const all: number[] = []
    try {
      for (let round_ = 0; round_ < rounds; round_ += 1) {
        one.push((await stage.run(1)).cpu)
        all.push((await stage.run(many)).cpu)
      }
    } finally {
      await stage.close()
    }
    const value = round(Math.min(...all) / Math.min(...one))
    const name = 'turn.follow.cpu_1000_followers.vs_one'
    return [{ name, value, unit: 'ratio', better: 'lower' }] as const
  },
}

function skip(reason: string): null {
  process.stderr.write(`# skipped: ${reason}\n`)
  return null
}
