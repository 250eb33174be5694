import { type Impostor, startImpostor } from '@turnstead/testkit'
import { Redis } from 'ioredis'
import { makeWorkerUtils } from 'graphile-worker'
import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { openTurnQueue } from '../src/queues/bullmq.js'
import { start, type Started } from '../test/support/processes.js'
import { openRedis } from '../test/support/redis.js'
import { openRows, type Rows } from '../test/support/rows.js'
import { type Receiver, startReceiver } from './receiver.js'
import type { EngineName, Setting } from './setting.js'
import { tellStories } from './story.js'

/** A fleet that runs. */
export interface Fleet {
  readonly rows: Rows
  readonly impostors: readonly Impostor[]
  readonly receiver: Receiver
  /** The web processes. */
  readonly urls: readonly string[]
  timesAsked(number: number): number
  /** Kills one worker after the other, each replaced at once, until the result is called; it resolves with how many. */
  killWorkers(everyMs: number): () => Promise<number>
  /** What the workers wrote to their error outputs. */
  errors(): string
  close(): Promise<void>
}

/** How large a fleet is. */
export interface FleetSize {
  readonly workers: number
  readonly webs: number
  readonly servers: number
  readonly concurrency: number
}

/** The reason when it cannot be had here. */
export async function openFleet(
  engine: EngineName,
  { workers, webs, servers, concurrency }: FleetSize,
  random: () => number,
): Promise<Fleet | string> {
  const redis = engine === 'BullMQ' ? await openRedis() : null
  if (typeof redis === 'string') return redis
  const rows = await openRows()
  const stories = tellStories()
  const clock = { now: () => Date.now(), sleep: realSleep }
  const impostors = await Promise.all(
    Array.from({ length: servers }, (_, seed) => startImpostor(stories.scenario, { seed, clock })),
  )
  const secret = randomBytes(24).toString('hex')
  const receiver = await startReceiver(secret, random)
  const queue = `fleet_${randomBytes(6).toString('hex')}`
  if (redis === null) await migrateGraphile(rows.url, queue)
  const setting: Omit<Setting, 'owner'> = {
    engine,
    databaseUrl: rows.url,
    redisUrl: redis?.url ?? null,
    queue,
    openCodeUrls: impostors.map(({ url }) => url),
    webhookUrl: receiver.url,
    secret,
    concurrency,
  }
  const begin = (module: string, owner: string): Promise<Started> =>
    start(`../../fleet/${module}`, { FLEET: JSON.stringify({ ...setting, owner }) })
  const crew = await Promise.all(
    Array.from({ length: workers }, (_, slot) => begin('worker.ts', `worker-${slot}`)),
  )
  const pages = await Promise.all(
    Array.from({ length: webs }, (_, slot) => begin('web.ts', `web-${slot}`)),
  )
  let pastErrors = ''
  let killed = 0

  return {
    rows,
    impostors,
    receiver,
    urls: pages.map(({ said }) => `http://127.0.0.1:${said}`),
    timesAsked: (number) => stories.timesAsked(number),
    killWorkers(everyMs) {
      const stop = new AbortController()
      const replacing = new Map<number, Promise<void>>()
      const replace = async (slot: number): Promise<void> => {
        pastErrors += crew[slot]?.errors() ?? ''
        await crew[slot]?.end('SIGKILL')
        crew[slot] = await begin('worker.ts', `worker-${slot}`)
        replacing.delete(slot)
      }
      const killing = (async () => {
        for (let slot = 0; ; slot = (slot + 1) % crew.length) {
          await setTimeout(everyMs, null, { signal: stop.signal }).catch(() => undefined)
          if (stop.signal.aborted) break
          // Where processes start slowly, some must be left.
          if (replacing.has(slot) || replacing.size >= crew.length / 2) continue
          replacing.set(slot, replace(slot))
          killed += 1
        }
        await Promise.all(replacing.values())
        return killed
      })()
      return () => {
        stop.abort()
        return killing
      }
    },
    errors: () => pastErrors + [...crew, ...pages].map((each) => each.errors()).join(''),
    async close() {
      await Promise.all([...crew, ...pages].map((each) => each.end('SIGKILL')))
      await Promise.all(impostors.map((impostor) => impostor.close()))
      await receiver.close()
      if (redis === null) await rows.knex.raw('drop schema ?? cascade', [queue])
      else await obliterate(redis.url, queue)
      redis?.close()
      await rows.close()
    },
  }
}

const realSleep = (ms: number, options: { readonly signal?: AbortSignal } = {}): Promise<void> =>
  setTimeout(ms, undefined, options)

async function migrateGraphile(connectionString: string, schema: string): Promise<void> {
  const utils = await makeWorkerUtils({ connectionString, schema })
  await utils.migrate()
  await utils.release()
}

async function obliterate(url: string, name: string): Promise<void> {
  const connection = new Redis(url, { maxRetriesPerRequest: null })
  const queue = openTurnQueue(name, connection)
  await queue.obliterate({ force: true })
  await queue.close()
  await connection.quit()
}
