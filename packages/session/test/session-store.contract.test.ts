import { databases } from '@turnstead-internal/databases'
import { runContract } from '@turnstead/testkit/contract'
import type { Knex } from 'knex'
import { after, before, describe, it } from 'mocha'
import { createSessionStore } from '../src/index.js'
import { sessionStoreContract } from '../src/contract.js'
import { openRows } from './support/open-rows.js'
import type { Rows } from './support/open-rows.js'
import { createShiftedClock } from './support/shifted-clock.js'

for (const kind of databases) {
  describe(`createSessionStore on ${kind.name}`, () => {
    if (kind.skip !== null) {
      it(`keeps the contract (skipped: ${kind.skip})`)
      return
    }
    let rows: Rows
    before(async () => {
      rows = await openRows(kind)
    })
    after(() => rows.close())

    runContract({ describe, it }, 'contract', sessionStoreContract, {
      open: async () => {
        const clock = createShiftedClock()
        const options = { clock, createPollMs: 5 }
        const pools = [rows.knex, rows.database.connect(), rows.database.connect()]
        let turn = 0
        let life = 0
        const nextPool = (): Knex => {
          turn += 1
          return pools[turn % pools.length] ?? rows.knex
        }
        return {
          subject: {
            ...rows,
            store: createSessionStore({ ...options, knex: rows.knex }),
            another: () => createSessionStore({ ...options, knex: nextPool() }),
            restarted: () => {
              life += 1
              return createSessionStore({ ...options, knex: nextPool(), instance: `life ${life}` })
            },
            advance: clock.advance,
            createMs: 30_000,
          },
          close: async () => {
            for (const pool of pools) if (pool !== rows.knex) await pool.destroy()
            await rows.clear()
          },
        }
      },
    })
  })
}
