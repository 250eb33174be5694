import { databases } from '@turnstead-internal/databases'
import type { DatabaseName } from '@turnstead-internal/databases'
import { expect } from 'chai'
import knex, { type Knex } from 'knex'
import { after, before, describe, it } from 'mocha'
import { createFakeUpstream } from '../src/contract/fake-upstream.js'
import { completed, firstPrompt, partial } from '../src/contract/subject.js'
import { createSessionStore } from '../src/index.js'
import type { RowId, SessionStore } from '../src/index.js'
import { openRows } from './support/open-rows.js'
import type { Rows } from './support/open-rows.js'

const workers = 4
const conversations = 6
const leaseMs = 60_000

const levels: readonly { readonly name: DatabaseName; readonly level: string }[] = [
  { name: 'postgresql', level: 'repeatable read' },
  { name: 'postgresql', level: 'serializable' },
  { name: 'mysql', level: 'read committed' },
  { name: 'mysql', level: 'repeatable read' },
  { name: 'mysql', level: 'serializable' },
]

for (const { name, level } of levels) {
  const kind = databases.find((each) => each.name === name)!
  describe(`${name} at ${level}`, function () {
    this.timeout(60_000)
    if (kind.skip !== null) {
      it(`runs every turn once (skipped: ${kind.skip})`)
      return
    }
    let rows: Rows
    const pools: Knex[] = []
    before(async () => {
      rows = await openRows(kind)
      for (let n = 0; n < workers; n += 1) pools.push(connectAt(name, rows.database.url, level))
    })
    after(async () => {
      for (const pool of pools) await pool.destroy()
      await rows.close()
    })

    it('runs every turn once, and no lost race reaches the caller', async () => {
      const turns: { conversationId: RowId; turnId: RowId }[] = []
      for (let n = 0; n < conversations; n += 1) {
        const conversationId = await rows.insertConversation()
        turns.push({ conversationId, turnId: await rows.insertTurn(conversationId) })
      }
      const upstream = createFakeUpstream()
      const counts = await Promise.all(
        pools.map(async (pool, n) => {
          const store = createSessionStore({ knex: pool, createPollMs: 5 })
          const done: boolean[] = []
          for (const ids of turns) done.push(await runOnce(store, ids, { n, upstream }))
          return done.filter(Boolean).length
        }),
      )
      expect(counts.reduce((sum, count) => sum + count, 0)).to.equal(conversations)
      expect(upstream.sessions.size).to.equal(conversations)
      const settled = await rows.knex('messages').where({ turn_status: 'completed' })
      expect(settled).to.have.lengthOf(conversations)
    })
  })
}

async function runOnce(
  store: SessionStore,
  ids: { readonly conversationId: RowId; readonly turnId: RowId },
  { n, upstream }: { readonly n: number; readonly upstream: ReturnType<typeof createFakeUpstream> },
): Promise<boolean> {
  await store.ensureSession(ids.conversationId, upstream)
  const claim = await store.claim({ ...ids, owner: `worker-${n}`, leaseMs })
  if (!claim.claimed) return false
  expect(await store.recordPrompt(claim.lease, firstPrompt)).to.equal(true)
  // A worker renews beside its snapshots.
  const [snapshot, { held }] = await Promise.all([
    store.snapshot(claim.lease, partial),
    store.renew(claim.lease, { leaseMs }),
  ])
  expect([snapshot, held]).to.deep.equal([true, true])
  expect(await store.settle(claim.lease, completed)).to.equal(true)
  await store.release(claim.lease)
  return true
}

function connectAt(name: DatabaseName, url: string, level: string): Knex {
  const set = `set session ${name === 'mysql' ? '' : 'characteristics as '}transaction isolation level ${level}`
  return knex({
    client: name === 'mysql' ? 'mysql2' : 'pg',
    connection: url,
    pool: {
      min: 0,
      max: 3,
      afterCreate: (
        connection: { query: (sql: string, done: (error: unknown) => void) => void },
        done: (error: unknown, connection: unknown) => void,
      ) => connection.query(set, (error) => done(error, connection)),
    },
  })
}
