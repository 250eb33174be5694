import { databases } from '@turnstead-internal/databases'
import { expect } from 'chai'
import { after, afterEach, before, describe, it } from 'mocha'
import { createFakeUpstream } from '../src/contract/fake-upstream.js'
import { completed, failed, mustClaim } from '../src/contract/subject.js'
import { createSessionStore } from '../src/index.js'
import type { KnexSessionStore, OpenAsk, RowId } from '../src/index.js'
import { createOutboxStore, outboxMigration } from '../src/outbox.js'
import type { OutboxEvent, OutboxStore } from '../src/outbox.js'
import { openRows } from './support/open-rows.js'
import type { Rows } from './support/open-rows.js'

const ask: OpenAsk = {
  id: 'per_1',
  kind: 'permission',
  sessionId: 'ses_1',
  callId: null,
  askedAt: 5,
  permission: 'bash',
  patterns: ['ls'],
}

for (const kind of databases) {
  describe(`what goes into the outbox on ${kind.name}`, () => {
    if (kind.skip !== null) {
      it(`is written with the row (skipped: ${kind.skip})`)
      return
    }
    let rows: Rows
    let store: KnexSessionStore
    let outbox: OutboxStore
    before(async () => {
      rows = await openRows(kind)
      await outboxMigration().up(rows.knex)
      store = createSessionStore({ knex: rows.knex, outbox: {} })
      outbox = createOutboxStore({ knex: rows.knex })
    })
    afterEach(async () => {
      await rows.clear()
      await rows.knex('turnstead_outbox').delete()
    })
    after(() => rows.close())

    async function newTurn(): Promise<{ readonly conversationId: RowId; readonly turnId: RowId }> {
      const conversationId = await rows.insertConversation()
      return { conversationId, turnId: await rows.insertTurn(conversationId) }
    }

    const events = (): Promise<readonly OutboxEvent[]> => outbox.take({ limit: 100, leaseMs: 1 })

    it('is one event for each end, whoever wrote it and however often', async () => {
      const done = await newTurn()
      const { lease } = await mustClaim(store, done)
      expect(await events()).to.deep.equal([])
      expect(await store.settle(lease, completed)).to.equal(true)
      expect(await store.settle(lease, completed)).to.equal(true)
      expect(await store.cancel({ turnId: done.turnId })).to.equal(false)
      const [event, ...more] = await events()
      expect(more).to.deep.equal([])
      expect(event).to.include({
        type: 'turn.ended',
        turnId: String(done.turnId),
        conversationId: String(done.conversationId),
        status: 'completed',
        reason: completed.reason,
        askId: null,
      })
    })

    it('tells of a failure and of a cancel with its reason, also of a turn that never ran', async () => {
      const one = await newTurn()
      await store.settle((await mustClaim(store, one)).lease, failed)
      const two = await newTurn()
      await store.cancel({ turnId: two.turnId, reason: 'no longer wanted' })
      const told = await events()
      const ends = told.map(({ turnId, conversationId, status, reason }) => [
        turnId,
        conversationId,
        status,
        reason,
      ])
      expect(ends).to.have.deep.members([
        [String(one.turnId), String(one.conversationId), 'failed', failed.reason],
        [String(two.turnId), String(two.conversationId), 'cancelled', 'no longer wanted'],
      ])
    })

    it('tells of the turns of a conversation that is removed', async () => {
      const one = await newTurn()
      const two = await rows.insertTurn(one.conversationId)
      await mustClaim(store, one)
      await store.removeConversation(one.conversationId, createFakeUpstream())
      const ends = (await events()).map(({ turnId, status, reason }) => [turnId, status, reason])
      expect(ends).to.have.deep.members([
        [String(one.turnId), 'cancelled', 'removed'],
        [String(two), 'cancelled', 'removed'],
      ])
    })

    it('is another event for each end of a turn that the host has put back to pending', async () => {
      const ids = await newTurn()
      const putBack = (): Promise<unknown> =>
        Promise.resolve(
          rows
            .knex('messages')
            .where({ id: ids.turnId })
            .update({ turn_status: 'pending', turn_settled_at: null, turn_closed_at: null }),
        )
      // Of one moment: only the claims and the calls differ.
      const clock = { now: () => 1_000, sleep: async () => undefined }
      const frozen = createSessionStore({ knex: rows.knex, clock, outbox: {} })
      for (const settlement of [completed, failed]) {
        const { lease } = await mustClaim(frozen, ids)
        await frozen.settle(lease, settlement)
        await frozen.release(lease)
        await putBack()
      }
      await frozen.cancel({ turnId: ids.turnId })
      await putBack()
      await frozen.cancel({ turnId: ids.turnId })
      const ends = (await events()).map(({ status }) => status)
      expect(ends).to.have.members(['completed', 'failed', 'cancelled', 'cancelled'])
    })

    it('has an ask whose id is no id of a database, without the id', async () => {
      const { lease } = await mustClaim(store, await newTurn())
      const odd = ['a'.repeat(256), 'per_\0']
      for (const id of odd) await store.updateAsks(lease, [{ type: 'opened', ask: { ...ask, id } }])
      const stored = (await store.read(lease.turnId))?.asks.map(({ id }) => id)
      expect(stored).to.deep.equal(odd)
      const asked = (await events()).filter(({ type }) => type === 'turn.asked')
      expect(asked.map(({ askId }) => askId)).to.deep.equal([null, null])
    })

    it('says of an end that was stored without its reply what the row says', async () => {
      const { lease } = await mustClaim(store, await newTurn())
      const cycle: Record<string, unknown> = {}
      cycle['itself'] = cycle
      await store.settle(lease, { ...completed, reason: null, reply: cycle })
      const [event] = await events()
      expect(event?.reason).to.equal((await store.read(lease.turnId))?.reason)
      expect(event?.reason).to.equal('reply_not_stored')
    })

    it('is one event for each ask, and one for each time that the turn begins to wait', async () => {
      const { lease } = await mustClaim(store, await newTurn())
      await store.updateAsks(lease, [{ type: 'opened', ask }])
      await store.updateAsks(lease, [{ type: 'opened', ask: { ...ask, id: 'per_2' } }])
      await store.updateAsks(lease, [{ type: 'opened', ask }])
      const told = await events()
      expect(told.map(({ type, askId }) => `${type} ${askId}`)).to.have.members([
        'turn.asked per_1',
        'turn.waiting null',
        'turn.asked per_2',
      ])
    })

    describe('of a turn that waits without a worker', () => {
      const now = 1_700_000_000_000
      let time = now
      const clock = { now: () => time, sleep: async () => undefined }
      const decision = { action: 'allow' } as const

      async function parked(dueAt: number | null): Promise<{ readonly turnId: RowId }> {
        time = now
        const timed = createSessionStore({ knex: rows.knex, outbox: {}, clock })
        const ids = await newTurn()
        const { lease } = await mustClaim(timed, ids)
        await timed.updateAsks(lease, [{ type: 'opened', ask }])
        expect(await timed.park(lease, { dueAt, remindAt: now + 1_000 })).to.equal(true)
        expect(await timed.park(lease, { dueAt, remindAt: now + 1_000 })).to.equal(true)
        await timed.release(lease)
        return ids
      }
      /** What is told by then, beside that it asks and waits. */
      const toldBy = async (at: number): Promise<readonly string[]> => {
        time = at
        const timed = createOutboxStore({ knex: rows.knex, clock })
        const told = await timed.take({ limit: 100, leaseMs: 1_000_000 })
        const later = told.filter(({ type }) => type !== 'turn.asked' && type !== 'turn.waiting')
        return later.map(
          (event) => `${event.type} ${event.status} ${event.askId} ${event.at - now}`,
        )
      }

      it('reminds once, and tells when the time is over, each at its time', async () => {
        await parked(now + 5_000)
        expect(await outbox.count()).to.include({ pending: 4 })
        expect(await createOutboxStore({ knex: rows.knex, clock }).count()).to.include({
          pending: 2,
        })
        expect(await toldBy(now + 999)).to.deep.equal([])
        expect(await toldBy(now + 1_000)).to.deep.equal(['turn.reminder waiting null 1000'])
        expect(await toldBy(now + 4_999)).to.deep.equal([])
        expect(await toldBy(now + 5_000)).to.deep.equal(['turn.expired waiting null 5000'])
      })

      it('tells that it was answered, and neither reminds nor expires after that', async () => {
        const { turnId } = await parked(now + 5_000)
        time = now + 500
        const timed = createSessionStore({ knex: rows.knex, outbox: {}, clock })
        await timed.answerAsk({ turnId, askId: ask.id, decision })
        await timed.answerAsk({ turnId, askId: ask.id, decision })
        expect(await toldBy(now + 10_000)).to.deep.equal(['turn.answered waiting per_1 500'])
      })

      it('tells of its cancel, and nothing else after that', async () => {
        const { turnId } = await parked(null)
        await store.cancel({ turnId })
        expect((await toldBy(now * 2)).map((told) => told.split(' ', 2).join(' '))).to.deep.equal([
          'turn.ended cancelled',
        ])
      })

      it('does not remind where the time is over before', async () => {
        await parked(now + 1_000)
        expect(await toldBy(now + 10_000)).to.deep.equal(['turn.expired waiting null 1000'])
      })
    })

    it('holds nothing that the row does not, and the row nothing that it was not told', async () => {
      const ids = await newTurn()
      const { lease } = await mustClaim(store, ids)
      await rows.knex.schema.renameTable('turnstead_outbox', 'away')
      try {
        const refused: unknown = await store
          .settle(lease, completed)
          .catch((error: unknown) => error)
        expect(refused).to.have.property('code', 'database_failed')
        expect((await store.read(ids.turnId))?.status).to.equal('running')
        const cancelled: unknown = await store
          .cancel({ turnId: ids.turnId })
          .catch((error: unknown) => error)
        expect(cancelled).to.have.property('code', 'database_failed')
        expect((await store.read(ids.turnId))?.status).to.equal('running')
      } finally {
        await rows.knex.schema.renameTable('away', 'turnstead_outbox')
      }
      expect(await store.settle(lease, completed)).to.equal(true)
      expect(await events()).to.have.length(1)
    })

    it('says what the row says when a cancel and an end race', async () => {
      for (let round = 0; round < 20; round += 1) {
        const ids = await newTurn()
        const { lease } = await mustClaim(store, ids)
        const other = createSessionStore({ knex: rows.database.connect(), outbox: {} })
        await Promise.all([
          store.settle(lease, completed),
          other.cancel({ turnId: ids.turnId, reason: 'user' }),
        ])
        const told = (await events()).filter(({ turnId }) => turnId === String(ids.turnId))
        const row = await store.read(ids.turnId)
        expect(told.map(({ status }) => status)).to.deep.equal([row?.status])
        await rows.knex('turnstead_outbox').delete()
      }
    })
  })
}
