import type { TurnJob, TurnWorkerOptions } from '@turnstead/turn'
import { createTurnWorker } from '@turnstead/turn'
import type { Knex } from 'knex'
import type PgBoss from 'pg-boss'

const name = 'turn'

/** Once, after `boss.start()`. */
export async function createTurnQueue(boss: PgBoss): Promise<void> {
  await boss.createQueue(name, {
    name,
    retryLimit: 20,
    retryDelay: 1,
    retryBackoff: true,
    // Longer than any turn: a job that expires is delivered again though its worker lives.
    expireInSeconds: 2 * 60 * 60,
  })
}

/** In the transaction that writes the row: then there is no turn without a job, and no job without a turn. */
export async function addTurnJob(boss: PgBoss, trx: Knex, job: TurnJob): Promise<void> {
  const executeSql = async (text: string, values: unknown[]) => {
    // It numbers its parameters; Knex does not.
    const order: unknown[] = []
    const sql = text.replace(/\?/g, '\\?').replace(/\$(\d+)/g, (_, number: string) => {
      order.push(values[Number(number) - 1] ?? null)
      return '?'
    })
    return (await trx.raw(sql, order as Knex.RawBinding[])) as { rows: unknown[] }
  }
  await boss.send(name, job, { db: { executeSql } })
}

/** A worker process: `close` at SIGTERM hands its turns over. */
export async function startBossWorker(boss: PgBoss, knex: Knex, options: TurnWorkerOptions) {
  const { concurrency = 10 } = options
  const turns = createTurnWorker({
    ...options,
    onPending: async (found) =>
      void (await Promise.all(found.map((job) => addTurnJob(boss, knex, job)))),
  })
  const works = Array.from({ length: concurrency }, () =>
    boss.work<TurnJob>(name, { batchSize: 1, pollingIntervalSeconds: 0.5 }, async (jobs) => {
      for (const { data } of jobs) await turns.run(data)
    }),
  )
  await Promise.all(works)
  const close = async (): Promise<void> =>
    void (await Promise.all([boss.stop({ graceful: true, wait: true }), turns.close()]))
  return { turns, close }
}
