import { databases } from '@turnstead-internal/databases'
import { expect } from 'chai'
import knex, { type Knex } from 'knex'
import { after, before, describe, it } from 'mocha'
import { createFakeUpstream } from '../src/contract/fake-upstream.js'
import { completed, firstPrompt, partial } from '../src/contract/subject.js'
import { createSessionStore, SessionError } from '../src/index.js'
import type { RowId, SessionStore } from '../src/index.js'
import { startCuttingProxy } from './support/cutting-proxy.js'
import type { CuttingProxy } from './support/cutting-proxy.js'
import { openRows } from './support/open-rows.js'
import type { Rows } from './support/open-rows.js'

const workers = 3
const conversations = 12
const leaseMs = 60_000
const everyStatements = 17
const maxRepeats = 200

interface Ids {
  readonly conversationId: RowId
  readonly turnId: RowId
}

for (const kind of databases.filter(({ name }) => name !== 'sqlite')) {
  describe(`${kind.name} that restarts in the middle of everything`, function () {
    this.timeout(120_000)
    if (kind.skip !== null) {
      it(`ends every turn once (skipped: ${kind.skip})`)
      return
    }
    let rows: Rows
    let proxy: CuttingProxy
    const pools: Knex[] = []
    before(async () => {
      rows = await openRows(kind)
      proxy = await startCuttingProxy(rows.database.url)
      for (let n = 0; n < workers; n += 1) {
        pools.push(
          knex({
            client: kind.name === 'mysql' ? 'mysql2' : 'pg',
            connection: proxy.url,
            pool: { min: 0, max: 3 },
            log: { warn: () => undefined, error: () => undefined },
          }),
        )
      }
    })
    after(async () => {
      proxy.refuse(false)
      await Promise.all(pools.map((pool) => pool.destroy()))
      await proxy.close()
      await rows.close()
    })

    it('ends every turn once, and every failure of a verb may be tried again', async () => {
      const turns: Ids[] = []
      for (let n = 0; n < conversations; n += 1) {
        const conversationId = await rows.insertConversation()
        turns.push({ conversationId, turnId: await rows.insertTurn(conversationId) })
      }
      let statements = 0
      let restarts = 0
      const restart = (): void => {
        statements += 1
        if (statements % everyStatements !== 0) return
        restarts += 1
        proxy.refuse(true)
        setImmediate(() => {
          proxy.cut(restarts % 2 === 0 ? 'end' : 'reset')
          setTimeout(() => proxy.refuse(false), 30)
        })
      }
      for (const pool of pools) pool.on('query', restart)
      const upstream = createFakeUpstream()
      const settled = await Promise.all(
        pools.map(async (pool, n) => {
          const store = createSessionStore({
            knex: pool,
            createPollMs: 20,
            createMs: 1000,
            instance: `life ${n}`,
          })
          let count = 0
          for (const ids of turns) {
            if (await runOnce(store, ids, { owner: `worker-${n}`, upstream })) count += 1
          }
          return count
        }),
      )
      expect(restarts).to.be.greaterThan(10)
      expect(settled.reduce((sum, count) => sum + count)).to.equal(conversations)
      const ended = await rows.knex('messages').where({ turn_status: 'completed' })
      expect(ended).to.have.lengthOf(conversations)
      const held = await rows.knex('conversations').select('opencode_session_id')
      const sessions = held.map((row) => String(row['opencode_session_id']))
      expect([...upstream.sessions.keys()].toSorted()).to.deep.equal(sessions.toSorted())
    })
  })
}

/** True for the one that settled it. */
async function runOnce(
  store: SessionStore,
  ids: Ids,
  { owner, upstream }: { owner: string; upstream: ReturnType<typeof createFakeUpstream> },
): Promise<boolean> {
  await again(() => store.ensureSession(ids.conversationId, upstream))
  const claim = await again(() => store.claim({ ...ids, owner, leaseMs }))
  if (!claim.claimed) return false
  expect(await again(() => store.recordPrompt(claim.lease, firstPrompt))).to.equal(true)
  expect(await again(() => store.snapshot(claim.lease, partial))).to.equal(true)
  expect(await again(() => store.renew(claim.lease, { leaseMs }))).to.include({ held: true })
  expect(await again(() => store.settle(claim.lease, completed))).to.equal(true)
  expect(await again(() => store.closeTurn(claim.lease))).to.equal(true)
  await again(() => store.release(claim.lease))
  return true
}

async function again<Result>(verb: () => Promise<Result>): Promise<Result> {
  for (let count = 1; ; count += 1) {
    try {
      return await verb()
    } catch (error) {
      if (!SessionError.is(error) || !error.retryable || count === maxRepeats) throw error
    }
  }
}
