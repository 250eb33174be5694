import { runContract } from '@turnstead/testkit/contract'
import type { Knex } from 'knex'
import { describe, it } from 'mocha'
import { parkingContract, sessionStoreContract } from '../../src/contract.js'
import { createSessionStore } from '../../src/index.js'
import type { SessionStoreOptions } from '../../src/index.js'
import type { Rows } from './open-rows.js'
import { createShiftedClock } from './shifted-clock.js'

/** Holds stores over pools of the caller's making to the whole contract. */
export function runContractOn(open: {
  readonly rows: () => Rows
  /** A further pool; the stores of one case use three of them. On SQLite the one of the rows. */
  readonly connect: () => Knex
  readonly options?: () => Partial<SessionStoreOptions>
}): void {
  runContract({ describe, it }, 'contract', [...sessionStoreContract, ...parkingContract], {
    capabilities: ['servers', 'inbox'],
    open: async () => {
      const rows = open.rows()
      const clock = createShiftedClock()
      const options = { clock, createPollMs: 5, ...open.options?.() }
      const pools = [open.connect(), open.connect(), open.connect()] as const
      let turn = 0
      let life = 0
      const nextPool = (): Knex => {
        turn += 1
        return pools[turn % pools.length] ?? pools[0]
      }
      return {
        subject: {
          ...rows,
          store: createSessionStore({ ...options, knex: pools[0] }),
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
}
