import { databases } from '@turnstead-internal/databases'
import { expect } from 'chai'
import { after, before, describe, it } from 'mocha'
import { createFakeUpstream } from '../src/contract/fake-upstream.js'
import { leaseMs, mustClaim } from '../src/contract/subject.js'
import { createSessionStore } from '../src/index.js'
import { openRows } from './support/open-rows.js'
import type { Rows } from './support/open-rows.js'
import { createShiftedClock } from './support/shifted-clock.js'

for (const kind of databases) {
  describe(`the session that a claim tells of on ${kind.name}`, () => {
    if (kind.skip !== null) {
      it(`is the row's (skipped: ${kind.skip})`)
      return
    }
    let rows: Rows
    before(async () => {
      rows = await openRows(kind)
    })
    after(() => rows.close())

    it('is the one of the moment in which it takes the lease, whatever a late holder did just before', async () => {
      const clock = createShiftedClock()
      const store = createSessionStore({ knex: rows.knex, clock })
      const conversationId = await rows.insertConversation()
      const ids = { conversationId, turnId: await rows.insertTurn(conversationId) }
      const { lease } = await mustClaim(store, ids)
      const options = { lease, rules: 'r1' }
      await store.ensureSession(conversationId, createFakeUpstream(), options)
      clock.advance(leaseMs * 2)
      const client = rows.knex.client as { _query: (...args: unknown[]) => Promise<unknown> }
      const run = client._query.bind(client)
      let isFirst = true
      client._query = async (connection, query) => {
        const result = await run(connection, query)
        if (isFirst) {
          isFirst = false
          const columns = "opencode_session_id = 'ses_new', opencode_rules = 'r2'"
          const sql = `update conversations set ${columns} where id = ${conversationId}`
          await run(connection, { method: 'raw', sql, bindings: [] })
        }
        return result
      }
      // On PostgreSQL the first statement takes it, and what comes after it finds the lease lost.
      const claim = await mustClaim(
        createSessionStore({ knex: rows.knex, clock, instance: 'second' }),
        ids,
        'worker-2',
      ).finally(() => (client._query = run))
      const told = claim.conversation.sessionId
      expect(told === 'ses_new').to.equal(kind.name !== 'postgresql')
    })
  })
}
