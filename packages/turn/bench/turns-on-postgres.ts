import { databases } from '@turnstead-internal/databases'
import { createSessionStore, type OpenNotifier } from '@turnstead/session'
import { createPostgresNotifier } from '@turnstead/session/postgres-notifier'
import { createRedisNotifier } from '@turnstead/session/redis-notifier'
import { gate, on, reply, startImpostor, text } from '@turnstead/testkit'
import { createClient } from '@turnstead/wire'
import { runTurn } from '../src/index.js'
import { openRows } from '../test/support/rows.js'

const rounds = 25
const warmUps = 3

function skipped(): string | null {
  const kind = databases.find(({ name }) => name === 'postgresql')
  return kind === undefined ? 'no PostgreSQL' : kind.skip
}

/** Statements of a whole turn in a conversation that has its session, without snapshots and beats. */
export const turnStatements = {
  name: 'session.turn.sql_round_trips',
  async run() {
    const reason = skipped()
    if (reason !== null) return skip(reason)
    const rows = await openRows('postgresql')
    const impostor = await startImpostor()
    const client = createClient({ baseUrl: impostor.url })
    const counts: number[] = []
    let statements: string[] = []
    rows.database.knex.on('query', ({ sql }: { sql: string }) => statements.push(sql))
    try {
      for (let round = 0; round < 6; round += 1) {
        const turnId = await rows.addMessage()
        impostor.answer(on('Hello', reply(text('Hello there.'))))
        statements = []
        const result = await runTurn({
          client,
          store: rows.store,
          conversationId: 1,
          turnId,
          prompt: { text: 'Hello' },
          owner: 'worker',
          timing: { leaseMs: 600_000, snapshotMs: 600_000 },
        })
        if (result.status !== 'completed') throw new Error(`the turn ended as ${result.status}`)
        // The first one creates the session.
        if (round > 0) counts.push(statements.length)
      }
    } finally {
      await client.close()
      await impostor.close()
      await rows.close()
    }
    return [
      {
        name: 'session.turn.sql_round_trips',
        value: Math.max(...counts),
        unit: 'statements',
        better: 'lower',
      },
    ] as const
  },
}

/** From a cancel in another process's store to the abort that reaches the agent's server; a lease so long that no beat helps. */
function cancelBench(short: string, open: (url: string) => OpenNotifier | null) {
  const name = `session.cancel.notify_ms_p50_${short}`
  return {
    name,
    async run() {
      const reason = skipped()
      if (reason !== null) return skip(reason)
      const rows = await openRows('postgresql')
      const notifiers = [open(rows.database.url), open(rows.database.url)]
      const [forWorker, forWeb] = notifiers
      if (!forWorker || !forWeb) {
        await rows.close()
        return skip('set TEST_REDIS_URL to a Redis server')
      }
      const worker = createSessionStore({ knex: rows.database.knex, notifier: forWorker })
      const web = createSessionStore({ knex: rows.database.connect(), notifier: forWeb })
      const impostor = await startImpostor()
      const client = createClient({ baseUrl: impostor.url })
      const times: number[] = []
      try {
        for (let round = 0; round < rounds + warmUps; round += 1) {
          const turnId = await rows.addMessage()
          const name_ = `hold ${round}`
          impostor.answer(on(name_, reply(text('Partial.'), gate(name_))))
          const running = runTurn({
            client,
            store: worker,
            conversationId: 1,
            turnId,
            prompt: { text: name_ },
            owner: 'worker',
            timing: { leaseMs: 600_000, graceMs: 50 },
          })
          await impostor.gate(name_).reached()
          const aborted = impostor.next('POST /session/*/abort')
          const from = performance.now()
          await web.cancel({ turnId })
          await aborted
          if (round >= warmUps) times.push(performance.now() - from)
          const { status } = await running
          if (status !== 'cancelled') throw new Error(`the turn ended as ${status}`)
        }
      } finally {
        for (const notifier of notifiers) await notifier?.close()
        await client.close()
        await impostor.close()
        await rows.close()
      }
      const value = Math.round(median(times) * 10) / 10
      return [{ name, value, unit: 'ms', better: 'lower' }] as const
    },
  }
}

export const cancelOverPostgres = cancelBench('pg', (connection) =>
  createPostgresNotifier({ connection }),
)

export const cancelOverRedis = cancelBench('redis', () => {
  const connection = process.env['TEST_REDIS_URL'] ?? ''
  return connection === '' ? null : createRedisNotifier({ connection })
})

function skip(reason: string): readonly [] {
  process.stderr.write(`# skipped: ${reason}\n`)
  return []
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}
