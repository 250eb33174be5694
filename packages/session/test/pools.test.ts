import { databases, pgBouncerProblem, startPgBouncer } from '@turnstead-internal/databases'
import type { PgBouncer } from '@turnstead-internal/databases'
import { expect } from 'chai'
import knex, { type Knex } from 'knex'
import { after, before, describe, it } from 'mocha'
import { createFakeUpstream } from '../src/contract/fake-upstream.js'
import { completed, firstPrompt, partial } from '../src/contract/subject.js'
import { createSessionStore } from '../src/index.js'
import type { RowId, SessionStore } from '../src/index.js'
import { runContractOn } from './support/contract-on.js'
import { openRows } from './support/open-rows.js'
import type { Rows } from './support/open-rows.js'

const leaseMs = 60_000

for (const kind of databases.filter(({ name }) => name !== 'sqlite')) {
  const isMySql = kind.name === 'mysql'
  const client = isMySql ? 'mysql2' : 'pg'

  for (const level of [null, 'serializable'] as const) {
    describe(`a pool of one connection to ${kind.name}${level === null ? '' : `, ${level}`}`, () => {
      if (kind.skip !== null) {
        it(`keeps the contract (skipped: ${kind.skip})`)
        return
      }
      let rows: Rows
      before(async () => {
        rows = await openRows(kind)
      })
      after(() => rows.close())

      const set = `set session ${isMySql ? '' : 'characteristics as '}transaction isolation level serializable`
      runContractOn({
        rows: () => rows,
        connect: () =>
          knex({
            client,
            connection: rows.database.url,
            pool: {
              min: 0,
              max: 1,
              afterCreate: (
                connection: { query: (sql: string, done: (error: unknown) => void) => void },
                done: (error: unknown, connection: unknown) => void,
              ) =>
                connection.query(level === null ? 'select 1' : set, (error) =>
                  done(error, connection),
                ),
            },
          }),
      })
    })
  }
}

describe('PgBouncer in transaction mode', function () {
  this.timeout(60_000)
  const kind = databases.find(({ name }) => name === 'postgresql')!
  const problem = kind.skip ?? pgBouncerProblem
  if (problem !== null) {
    console.warn(`tests on PgBouncer are skipped: ${problem}`)
    it(`keeps the contract (skipped: ${problem})`)
    return
  }
  let rows: Rows
  let bouncer: PgBouncer
  let schema: string
  before(async () => {
    rows = await openRows(kind)
    bouncer = await startPgBouncer(rows.database.url)
    const { rows: found } = await rows.knex.raw('select current_schema() as present')
    schema = String(found[0].present)
  })
  after(async () => {
    await bouncer.close()
    await rows.close()
  })

  const connect = (max = 2): Knex =>
    knex({ client: 'pg', connection: bouncer.url, pool: { min: 0, max } })
  // It passes on no `search_path`, so the tables say where they are.
  const options = () => ({
    conversations: { table: `${schema}.conversations` },
    messages: { table: `${schema}.messages` },
    servers: { table: `${schema}.turnstead_servers` },
  })
  runContractOn({ rows: () => rows, connect, options })

  it('runs many turns over few connections of the server', async () => {
    const pool = connect(20)
    try {
      const upstream = createFakeUpstream()
      const store = createSessionStore({ knex: pool, ...options() })
      const turns: Ids[] = []
      for (let n = 0; n < 40; n += 1) {
        const conversationId = await rows.insertConversation()
        turns.push({ conversationId, turnId: await rows.insertTurn(conversationId) })
      }
      const ended = await Promise.all(turns.map((ids) => runOne(store, ids, upstream)))
      expect(ended).to.deep.equal(turns.map(() => true))
      expect(upstream.sessions.size).to.equal(40)
    } finally {
      await pool.destroy()
      await rows.clear()
    }
  })
})

interface Ids {
  readonly conversationId: RowId
  readonly turnId: RowId
}

async function runOne(
  store: SessionStore,
  ids: Ids,
  upstream: ReturnType<typeof createFakeUpstream>,
): Promise<boolean> {
  await store.ensureSession(ids.conversationId, upstream)
  const claim = await store.claim({ ...ids, owner: 'worker', leaseMs })
  if (!claim.claimed) return false
  await store.recordPrompt(claim.lease, firstPrompt)
  await Promise.all([store.snapshot(claim.lease, partial), store.renew(claim.lease, { leaseMs })])
  return store.settle(claim.lease, completed)
}
