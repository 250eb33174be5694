import { randomBytes } from 'node:crypto'
import { databases } from '@turnstead-internal/databases'
import { expect } from 'chai'
import { afterEach, describe, it } from 'mocha'
import { migrateQueue } from '../src/jobs/graphile-queue.js'
import { startJobRunner, type JobRunner } from '../src/jobs/job-runner.js'
import { type DatabaseProxy, startDatabaseProxy } from './support/database-proxy.js'

const postgresql = databases.find(({ name }) => name === 'postgresql')
const skip = postgresql === undefined ? 'not known here' : postgresql.skip

describe('startJobRunner', () => {
  if (postgresql === undefined || skip !== null) {
    console.warn(`SKIPPED: startJobRunner (${skip})`)
    it.skip(`runs jobs (skipped: ${skip})`)
    return
  }
  let close = async (): Promise<void> => undefined
  afterEach(async () => {
    await close()
    close = async () => undefined
  })

  /** A runner whose jobs begin and end as the test says, and a way to its database that can be closed. */
  async function stage(): Promise<{
    readonly proxy: DatabaseProxy
    readonly runner: JobRunner
    readonly errors: unknown[]
    add(name: string): Promise<void>
    /** What graphile-worker says to all of a database when its tables were changed for another version. */
    tellOfMigration(): Promise<void>
    /** Resolves when it has begun; the result ends it. */
    begun(name: string): Promise<(error?: Error) => void>
    left(): Promise<number>
  }> {
    const database = await postgresql!.open({ isAlone: true })
    // What an interrupted run has left is not of this one.
    const schema = `job_runner_${randomBytes(6).toString('hex')}`
    const proxy = await startDatabaseProxy(database.url)
    await migrateQueue(database.url, schema)
    const running = new Map<string, (error?: Error) => void>()
    let wake = (): void => undefined
    const errors: unknown[] = []
    const runner = await startJobRunner({
      connectionString: proxy.url,
      schema,
      concurrency: 2,
      run: (payload) =>
        new Promise<void>((resolve, reject) => {
          const { name } = payload as { readonly name: string }
          running.set(name, (error) => (error === undefined ? resolve() : reject(error)))
          wake()
        }),
      onError: (error) => errors.push(error),
    })
    close = async () => {
      await runner.stop()
      proxy.close()
      await database.knex.raw('drop schema if exists ?? cascade', [schema])
      await database.close()
    }
    return {
      proxy,
      runner,
      errors,
      async add(name) {
        const payload = JSON.stringify({ name })
        await database.knex.raw('select ??.add_job(?, ?::json)', [schema, 'turn', payload])
      },
      async tellOfMigration() {
        const told = JSON.stringify({ migrationNumber: 99, breaking: true })
        await database.knex.raw('select pg_notify(?, ?)', ['worker:migrate', told])
      },
      async begun(name) {
        for (;;) {
          const end = running.get(name)
          if (end !== undefined) return end
          await new Promise<void>((resolve) => (wake = resolve))
        }
      },
      async left() {
        const found = await database.knex.raw('select count(*) from ??.jobs', [schema])
        return Number((found as { rows: { count: string }[] }).rows[0]?.count)
      },
    }
  }

  it('takes more jobs after one has ended while the database was away', async () => {
    const { proxy, errors, add, begun, left } = await stage()
    await add('one')
    const end = await begun('one')
    proxy.refuse()
    end()
    while (errors.length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
    proxy.pass()
    await add('two')
    const endTwo = await begun('two')
    endTwo()
    // That of the first stays until its lock is taken for that of a dead worker.
    while ((await left()) > 1) await new Promise((resolve) => setTimeout(resolve, 20))
  })

  it('goes on when another application of the database has changed its tables', async () => {
    const { runner, errors, add, begun, left, tellOfMigration } = await stage()
    await add('one')
    const end = await begun('one')
    await tellOfMigration()
    // With one slot taken by what it was about: the other one is for those that come.
    await add('two')
    const endTwo = await begun('two')
    end()
    endTwo()
    while ((await left()) > 0) await new Promise((resolve) => setTimeout(resolve, 20))
    await runner.stop()
    expect([errors, process.exitCode]).to.deep.equal([[], undefined])
  })

  it('stops when its jobs are over, and their ends are written, also of those that fail', async () => {
    const { runner, errors, add, begun, left } = await stage()
    await add('one')
    await add('two')
    const ends = [await begun('one'), await begun('two')]
    const stopped = runner.stop()
    ends[0]?.()
    ends[1]?.(new Error('handed over'))
    await stopped
    expect([errors, await left()]).to.deep.equal([[], 1])
  })
})
