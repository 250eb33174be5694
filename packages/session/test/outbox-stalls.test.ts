import { databases } from '@turnstead-internal/databases'
import { expect } from 'chai'
import type { Knex } from 'knex'
import { after, afterEach, before, describe, it } from 'mocha'
import { createGate } from '../src/contract/fake-upstream.js'
import { completed, mustClaim } from '../src/contract/subject.js'
import { createSessionStore } from '../src/index.js'
import { createOutboxStore, outboxMigration } from '../src/outbox.js'
import { openRows } from './support/open-rows.js'
import type { Rows } from './support/open-rows.js'

for (const kind of databases.filter(({ name }) => name !== 'sqlite')) {
  describe(`an event that does not get through on ${kind.name}`, () => {
    if (kind.skip !== null) {
      it(`leaves no transaction open (skipped: ${kind.skip})`)
      return
    }
    let rows: Rows
    before(async () => {
      rows = await openRows(kind)
      await outboxMigration().up(rows.knex)
    })
    afterEach(async () => {
      await rows.clear()
      await rows.knex('turnstead_outbox').delete()
    })
    after(() => rows.close())

    const lock = async (host: Knex): Promise<void> => {
      const sql = {
        postgresql: 'lock table turnstead_outbox in access exclusive mode',
        mysql: 'lock tables turnstead_outbox write',
      }
      await host.raw(sql[kind.name as keyof typeof sql])
    }

    it('ends the verb in its time, undoes the write, and leaves no transaction to the pool', async () => {
      const knex = rows.database.connect()
      const store = createSessionStore({ knex, outbox: {}, statementMs: 400 })
      const conversationId = await rows.insertConversation()
      const ids = { conversationId, turnId: await rows.insertTurn(conversationId) }
      const { lease } = await mustClaim(store, ids)
      const host = await rows.database.connect().transaction()
      await lock(host)
      const failed: unknown = await store.settle(lease, completed).catch((error: unknown) => error)
      expect(failed).to.include({ code: 'database_failed', retryable: true })
      expect((await store.read(ids.turnId))?.status).to.equal('running')
      if (kind.name === 'mysql') await host.raw('unlock tables')
      await host.rollback()
      const patient = createSessionStore({ knex, outbox: {} })
      expect(await patient.settle(lease, completed)).to.equal(true)
      const events = await createOutboxStore({ knex }).take({ limit: 9, leaseMs: 1 })
      expect(events).to.have.length(1)
      // Seen by all: nothing is left open.
      expect((await createSessionStore({ knex: rows.knex }).read(ids.turnId))?.status).to.equal(
        'completed',
      )
    })
  })
}

describe('a transaction of an embedded database that takes too long', () => {
  const kind = databases.find(({ name }) => name === 'sqlite')
  if (kind === undefined) throw new Error('SQLite is always there')
  let rows: Rows
  before(async () => {
    rows = await openRows(kind)
    await outboxMigration().up(rows.knex)
  })
  after(() => rows.close())

  it('keeps its connection until it has ended', async () => {
    const { knex } = rows
    const turnId = await rows.insertTurn(await rows.insertConversation())
    const client = knex.client as { _query: (...args: unknown[]) => Promise<unknown> }
    const run = client._query.bind(client)
    const slow = createGate()
    const seen: string[] = []
    client._query = async (connection, query) => {
      const { sql } = query as { readonly sql: string }
      if (sql.startsWith('insert into `turnstead_outbox`')) await slow.pass()
      seen.push(sql.split(' ', 1).join())
      return run(connection, query)
    }
    try {
      const store = createSessionStore({ knex, outbox: {}, statementMs: 50 })
      const late: unknown = await store.cancel({ turnId }).catch((error: unknown) => error)
      expect(late).to.include({ code: 'database_failed', retryable: true })
      const host = knex('turnstead_outbox')
        .delete()
        .then((count) => count)
      slow.open()
      await host
      expect(seen).to.deep.equal(['begin', 'update', 'select', 'insert', 'commit', 'delete'])
    } finally {
      client._query = run
    }
  })
})
