import { databases } from '@turnstead-internal/databases'
import { expect } from 'chai'
import { after, afterEach, before, beforeEach, describe, it } from 'mocha'
import { permissionAsk } from '../src/contract/asks/subject.js'
import { mustClaim } from '../src/contract/subject.js'
import { createSessionStore } from '../src/index.js'
import type { RowId, SessionStore } from '../src/index.js'
import { openRows } from './support/open-rows.js'
import type { Rows } from './support/open-rows.js'
import { createShiftedClock } from './support/shifted-clock.js'

const minute = 60_000

for (const kind of databases) {
  describe(`a sweep of turns that wait for a person on ${kind.name}`, () => {
    if (kind.skip !== null) {
      it(`reports those that are due (skipped: ${kind.skip})`)
      return
    }
    let rows: Rows
    let store: SessionStore
    let clock: ReturnType<typeof createShiftedClock>
    let ids: { readonly conversationId: RowId; readonly turnId: RowId }
    before(async () => {
      rows = await openRows(kind)
    })
    beforeEach(async () => {
      clock = createShiftedClock()
      store = createSessionStore({ knex: rows.knex, clock })
      const conversationId = await rows.insertConversation()
      ids = { conversationId, turnId: await rows.insertTurn(conversationId) }
    })
    afterEach(() => rows.clear())
    after(() => rows.close())

    const sweep = () => store.sweep({ pendingOlderThanMs: minute, expiredOlderThanMs: minute })
    /** What it found of turns. */
    const found = async (): Promise<readonly number[]> => {
      const { strandedTurns, dueTurns, pendingTurns, unclosedTurns } = await sweep()
      return [strandedTurns, dueTurns, pendingTurns, unclosedTurns].map(({ length }) => length)
    }

    it('reports a turn that waits for a person once it is due, and none that waits behind it before', async () => {
      const { lease } = await mustClaim(store, ids)
      const behind = await rows.insertTurn(ids.conversationId)
      await store.updateAsks(lease, [{ type: 'opened', ask: permissionAsk() }])
      await store.park(lease, { dueAt: clock.now() + minute * 60 })
      await store.release(lease)
      await sweep()
      clock.advance(minute * 59)
      expect(await found()).to.deep.equal([0, 0, 0, 0])
      clock.advance(minute)
      const expired = await sweep()
      expect(expired.dueTurns).to.have.length(1)
      expect(expired.dueTurns[0]).to.include(ids)
      expect(expired.strandedTurns).to.deep.equal([])
      expect(expired.pendingTurns.map(({ turnId }) => turnId)).to.deep.equal([behind])
      const again = await mustClaim(store, ids)
      expect((await sweep()).dueTurns).to.deep.equal([])
      await store.park(again.lease, { dueAt: null })
      await store.release(again.lease)
      clock.advance(minute * 60)
      expect(await found()).to.deep.equal([0, 0, 0, 0])
      const decision = { action: 'allow' } as const
      await store.answerAsk({ turnId: ids.turnId, askId: 'per_1', decision })
      expect((await sweep()).dueTurns).to.have.length(1)
      await store.cancel({ turnId: ids.turnId })
      expect((await sweep()).dueTurns).to.deep.equal([])
    })
  })
}
