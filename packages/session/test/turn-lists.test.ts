import { databases } from '@turnstead-internal/databases'
import { expect } from 'chai'
import type { Knex } from 'knex'
import { after, afterEach, before, describe, it } from 'mocha'
import { createSessionStore } from '../src/index.js'
import type { KnexSessionStore, RowId } from '../src/index.js'
import { openRows } from './support/open-rows.js'
import type { Rows } from './support/open-rows.js'

for (const kind of databases) {
  describe(`lists of turns on ${kind.name}`, () => {
    if (kind.skip !== null) {
      it(`give what runs (skipped: ${kind.skip})`)
      return
    }
    let rows: Rows
    let store: KnexSessionStore
    before(async () => {
      rows = await openRows(kind)
      store = createSessionStore({ knex: rows.knex })
    })
    afterEach(() => rows.clear())
    after(() => rows.close())

    const run = async (title = 'mine'): Promise<RowId> => {
      const conversationId = await rows.insertConversation(title)
      const turnId = await rows.insertTurn(conversationId)
      const claim = await store.claim({ conversationId, turnId, owner: 'w', leaseMs: 60_000 })
      expect(claim.claimed).to.equal(true)
      return turnId
    }
    const idsOf = (turns: readonly { turnId: RowId }[]): RowId[] =>
      turns.map(({ turnId }) => turnId)
    const mine = { conversations: (query: Knex.QueryBuilder) => query.where('title', 'mine') }

    it('give what runs, page by page, of all conversations or of one person', async () => {
      const turns = [await run(), await run('theirs'), await run(), await run()]
      const over = await run()
      await store.cancel({ turnId: over })
      await rows.insertTurn(await rows.insertConversation())
      expect(idsOf(await store.runningTurns())).to.deep.equal(turns)
      const own = turns.filter((_, n) => n !== 1)
      const first = await store.runningTurns({ ...mine, limit: 2 })
      expect(idsOf(first)).to.deep.equal(own.slice(0, 2))
      const second = await store.runningTurns({ ...mine, limit: 2, after: first.at(-1) })
      expect(idsOf(second)).to.deep.equal(own.slice(2))
      expect(await store.runningTurns({ ...mine, after: second.at(-1) })).to.deep.equal([])
      const [turn] = first
      expect(turn).to.include({ owner: 'w', sessionId: null, waitingSince: null, asksRevision: 0 })
      expect(turn!.revision).to.equal(1)
      expect(turn!.startedAt).to.be.closeTo(Date.now(), 60_000)
      expect(turn!.expiresAt).to.be.greaterThan(Date.now())
    })

    it('give what waits for a person, the longest first, also of the same instant', async () => {
      const turns = [await run(), await run('theirs'), await run(), await run(), await run()]
      const since = [3000, 1000, 2000, 2000, null]
      for (const [n, turnId] of turns.entries()) {
        await rows.knex('messages').where({ id: turnId }).update({ turn_waiting_since: since[n] })
      }
      const [first, second, third, fourth] = turns
      expect(idsOf(await store.waitingTurns())).to.deep.equal([second, third, fourth, first])
      const seen: RowId[] = []
      for (let page = await store.waitingTurns({ ...mine, limit: 1 }); page.length > 0;) {
        seen.push(...idsOf(page))
        page = await store.waitingTurns({ ...mine, limit: 1, after: page.at(-1) })
      }
      expect(seen).to.deep.equal([third, fourth, first])
    })

    it('refuse a page that has no end, and find nothing after a key that none has', async () => {
      for (const limit of [0, 1001, 1.5, Number.NaN]) {
        const error: unknown = await store
          .runningTurns({ limit })
          .catch((reason: unknown) => reason)
        expect(error).to.be.instanceOf(RangeError)
      }
      if (kind.name !== 'postgresql') return
      expect(
        await store.runningTurns({ after: { turnId: 'no number', startedAt: 1 } }),
      ).to.deep.equal([])
    })

    it('count a turn that was cancelled before it was claimed as closed', async () => {
      const turnId = await rows.insertTurn(await rows.insertConversation())
      await store.cancel({ turnId })
      const turn = await store.read(turnId)
      expect(turn?.closedAt).to.equal(turn?.settledAt).and.not.equal(null)
      const claimed = await run()
      await store.cancel({ turnId: claimed })
      expect((await store.read(claimed))?.closedAt).to.equal(null)
    })
  })
}
