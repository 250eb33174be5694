import { databases } from '@turnstead-internal/databases'
import { expect } from 'chai'
import knex, { type Knex } from 'knex'
import { after, afterEach, before, describe, it } from 'mocha'
import { createFakeUpstream } from '../src/contract/fake-upstream.js'
import { completed, firstPrompt, partial } from '../src/contract/subject.js'
import { createSessionStore, SessionError } from '../src/index.js'
import type { Lease, SessionStore } from '../src/index.js'
import { startCuttingProxy } from './support/cutting-proxy.js'
import type { CuttingProxy } from './support/cutting-proxy.js'
import { openRows } from './support/open-rows.js'
import type { Rows } from './support/open-rows.js'

const statementMs = 150
const leaseMs = 60_000

for (const kind of databases.filter(({ name }) => name !== 'sqlite')) {
  describe(`the time of a statement on ${kind.name}`, () => {
    if (kind.skip !== null) {
      it(`has a bound (skipped: ${kind.skip})`)
      return
    }
    let rows: Rows
    let proxy: CuttingProxy
    const pools: Knex[] = []
    before(async () => {
      rows = await openRows(kind)
      proxy = await startCuttingProxy(rows.database.url)
    })
    afterEach(async () => {
      proxy.stall(false)
      await Promise.all(pools.splice(0).map((pool) => pool.destroy()))
      await rows.clear()
    })
    after(async () => {
      await proxy.close()
      await rows.close()
    })

    const open = (max: number): { pool: Knex; store: SessionStore } => {
      const pool = knex({
        client: kind.name === 'mysql' ? 'mysql2' : 'pg',
        connection: proxy.url,
        pool: { min: 0, max },
        log: { warn: () => undefined, error: () => undefined },
      })
      pools.push(pool)
      return { pool, store: createSessionStore({ knex: pool, statementMs }) }
    }
    const newIds = async () => {
      const conversationId = await rows.insertConversation()
      return { conversationId, turnId: await rows.insertTurn(conversationId) }
    }
    const claimNew = async (): Promise<Lease> => {
      const store = createSessionStore({ knex: rows.knex })
      const claim = await store.claim({ ...(await newIds()), owner: 'worker', leaseMs })
      if (!claim.claimed) throw new Error(`the turn must be free, but is ${claim.reason}`)
      return claim.lease
    }
    const verbs = (store: SessionStore, lease: Lease, pending: { conversationId: unknown }) => {
      const other = pending as { conversationId: number; turnId: number }
      return {
        claim: () => store.claim({ ...other, owner: 'worker', leaseMs }),
        claimConversation: () => store.claimConversation({ ...other, owner: 'worker', leaseMs }),
        adopt: () => store.adopt(lease, lease.turnId),
        renew: () => store.renew(lease, { leaseMs }),
        release: () => store.release(lease),
        recordPrompt: () => store.recordPrompt(lease, firstPrompt),
        snapshot: () => store.snapshot(lease, partial),
        settle: () => store.settle(lease, completed),
        keepPartial: () => store.keepPartial(lease, partial),
        closeTurn: () => store.closeTurn(lease),
        cancel: () => store.cancel({ turnId: lease.turnId }),
        read: () => store.read(lease.turnId),
        ensureSession: () => store.ensureSession(other.conversationId, createFakeUpstream()),
      }
    }
    const expectRefusals = async (store: SessionStore, lease: Lease): Promise<void> => {
      const pending = await newIds()
      await Promise.all(
        Object.entries(verbs(store, lease, pending)).map(async ([name, run]) => {
          const from = performance.now()
          const error: unknown = await run().catch((reason: unknown) => reason)
          if (!SessionError.is(error)) throw new Error(`${name} must reject, not ${String(error)}`)
          expect(error, name).to.include({ code: 'database_failed', retryable: true })
          expect((error.cause as Error).name, name).to.equal('StatementTimeoutError')
          // A claim gives back what it may have taken, which has its own bound.
          expect(performance.now() - from, name).to.be.lessThan(statementMs * 3 + 1000)
        }),
      )
    }

    it('bounds every verb when the pool has no connection left, and nothing happens afterwards', async () => {
      const lease = await claimNew()
      const { pool, store } = open(1)
      const host = await pool.transaction()
      await host.raw('select 1')
      await expectRefusals(store, lease)
      await host.commit()
      await pool.raw('select 1')
      const row = await rows.knex('messages').where({ id: lease.turnId }).first()
      expect(row).to.include({ turn_status: 'running', turn_prompt_id: null })
      expect(await store.cancel({ turnId: lease.turnId })).to.equal(true)
    })

    it('bounds every verb when the database falls silent, and frees the pool', async () => {
      const lease = await claimNew()
      const { pool, store } = open(3)
      await Promise.all([1, 2, 3].map(() => pool.raw('select 1')))
      proxy.stall(true)
      await expectRefusals(store, lease)
      proxy.stall(false)
      expect((await store.read(lease.turnId))?.turnId).to.equal(lease.turnId)
    })

    it('bounds a write that waits for a row of the host, which then is repeated', async () => {
      const lease = await claimNew()
      const { store } = open(2)
      const host = await rows.knex.transaction()
      await host('messages').where({ id: lease.turnId }).forUpdate()
      const error: unknown = await store.settle(lease, completed).catch((reason: unknown) => reason)
      expect(error).to.include({ code: 'database_failed', retryable: true })
      await host.commit()
      expect(await store.settle(lease, completed)).to.equal(true)
    })

    it('is the host’s to choose', () => {
      for (const wrong of [0, -1, 1.5, Number.NaN]) {
        expect(() => createSessionStore({ knex: rows.knex, statementMs: wrong })).to.throw(
          RangeError,
          '`statementMs`',
        )
      }
    })
  })
}
