import { databases } from '@turnstead-internal/databases'
import { expect } from 'chai'
import knex, { type Knex } from 'knex'
import { after, before, describe, it } from 'mocha'
import { setMaxListeners } from 'node:events'
import { createSessionStore } from '../src/index.js'
import type { RowId, SessionUpstream } from '../src/index.js'
import { openRows } from './support/open-rows.js'
import type { Rows } from './support/open-rows.js'

const conversations = 500
const connections = 5
const measuredMs = 1500

for (const kind of databases.filter(({ name }) => name !== 'sqlite')) {
  describe(`an upstream that stalls, with ${kind.name}`, function () {
    this.timeout(60_000)
    if (kind.skip !== null) {
      it(`keeps no one from the pool (skipped: ${kind.skip})`)
      return
    }
    let rows: Rows
    let pool: Knex
    const ids: RowId[] = []
    before(async () => {
      rows = await openRows(kind)
      for (let n = 0; n < conversations; n += 1) ids.push(await rows.insertConversation())
      pool = knex({
        client: kind.name === 'mysql' ? 'mysql2' : 'pg',
        connection: rows.database.url,
        pool: { min: 0, max: connections },
      })
    })
    after(async () => {
      await pool.destroy()
      await rows.close()
    })

    it(`keeps no connection from the host's own queries: ${conversations} conversations, ${connections} connections`, async () => {
      const idle = await measure(pool)
      let stalled = 0
      const controller = new AbortController()
      setMaxListeners(0, controller.signal)
      const allStalled = deferred()
      const upstream: SessionUpstream = {
        create: () => {
          stalled += 1
          if (stalled === conversations) allStalled.resolve()
          return new Promise((_, reject) => {
            controller.signal.addEventListener('abort', () => reject(new Error('stalled')))
          })
        },
        delete: async () => undefined,
        abort: async () => undefined,
      }
      // Two workers: one creates, the other waits for what it creates.
      const workers = [0, 1].map(() => createSessionStore({ knex: pool }))
      const waiting = workers.flatMap((store) =>
        ids.map((id) => {
          const { signal } = controller
          return store.ensureSession(id, upstream, { signal }).catch(() => undefined)
        }),
      )
      await allStalled.promise
      const busy = await measure(pool)
      // All connections at once are the host's: none is kept by a call that waits for the upstream.
      const own: Knex.Transaction[] = []
      for (let count = 0; count < connections; count += 1) own.push(await pool.transaction())
      await Promise.all(own.map((transaction) => transaction.rollback()))
      controller.abort()
      await Promise.all(waiting)
      console.log(
        `      ${kind.name}: host query p95 ${busy.p95.toFixed(2)} ms, longest ${busy.longest.toFixed(1)} ms, while ${conversations * 2} calls wait; idle ${idle.p95.toFixed(2)} and ${idle.longest.toFixed(1)} ms`,
      )
      expect(stalled).to.equal(conversations)
    })
  })
}

/** How long queries of the host take, one after the other. */
async function measure(pool: Knex): Promise<{ readonly p95: number; readonly longest: number }> {
  const times: number[] = []
  const end = performance.now() + measuredMs
  while (performance.now() < end) {
    const from = performance.now()
    await pool.raw('select 1')
    times.push(performance.now() - from)
  }
  times.sort((one, other) => one - other)
  return { p95: times[Math.floor(times.length * 0.95)] ?? 0, longest: times.at(-1) ?? 0 }
}

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}
