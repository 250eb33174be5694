import { databases } from '@turnstead-internal/databases'
import { expect } from 'chai'
import { after, afterEach, before, describe, it } from 'mocha'
import { setTimeout } from 'node:timers/promises'
import { createFakeUpstream } from '../src/contract/fake-upstream.js'
import { completed, firstPrompt } from '../src/contract/subject.js'
import { createSessionStore } from '../src/index.js'
import type { SessionStore } from '../src/index.js'
import { createOutboxStore, outboxMigration } from '../src/outbox.js'
import { failStatements } from './support/failing-statements.js'
import { createLaggingReads } from './support/lagging-reads.js'
import type { LaggingReads } from './support/lagging-reads.js'
import { openRows } from './support/open-rows.js'
import type { Rows } from './support/open-rows.js'

const leaseMs = 60_000
// The pauses between attempts change nothing here.
const clock = { now: () => Date.now(), sleep: async () => undefined }

for (const kind of databases.filter(({ name }) => name !== 'sqlite')) {
  describe(`reads of ${kind.name} that lag behind its writes`, () => {
    if (kind.skip !== null) {
      it(`decide nothing (skipped: ${kind.skip})`)
      return
    }
    let rows: Rows
    let copy: Rows
    let lagging: LaggingReads
    let store: SessionStore
    let direct: SessionStore
    before(async () => {
      rows = await openRows(kind)
      copy = await openRows(kind)
      lagging = createLaggingReads(rows.database, copy.database)
      store = createSessionStore({ knex: lagging.knex, clock, instance: 'second' })
      direct = createSessionStore({ knex: rows.knex, clock })
    })
    afterEach(async () => {
      await rows.clear()
      await lagging.catchUp()
    })
    after(async () => {
      await copy.close()
      await rows.close()
    })

    const readsByWriting = kind.name === 'postgresql'
    const newIds = async () => {
      const conversationId = await rows.insertConversation()
      return { conversationId, turnId: await rows.insertTurn(conversationId) }
    }
    const codeOf = (failing: Promise<unknown>): Promise<unknown> =>
      failing.then(
        (value) => value,
        (error: unknown) => (error as { readonly code?: unknown }).code,
      )

    it('make no turn missing that was inserted just now', async () => {
      const ids = await newIds()
      const claim = { ...ids, owner: 'worker', leaseMs }
      const first = await codeOf(store.claim(claim))
      // What is free is taken there without a read.
      if (readsByWriting) expect(first).to.include({ claimed: true })
      else expect(first).to.equal('row_contended')
      await lagging.catchUp()
      expect(await store.claim({ ...claim, turnId: 12_345_678 })).to.include({ reason: 'missing' })
      const second = await codeOf(store.claim(claim))
      if (readsByWriting) expect(second).to.include({ reason: 'busy' })
      else expect(second).to.equal('row_contended')
    })

    it('never hide a prompt that was stored, or it would be asked twice', async () => {
      const ids = await newIds()
      const first = await direct.claim({ ...ids, owner: 'first', leaseMs })
      if (!first.claimed) throw new Error(`the turn must be free, but is ${first.reason}`)
      await lagging.catchUp()
      await direct.recordPrompt(first.lease, firstPrompt)
      await direct.release(first.lease)
      // The copy shows the lease as held; a conversation that it shows as free shows an old prompt, too.
      await copy.knex('conversations').update({ turn_owner: null, turn_expires_at: null })
      const early = await codeOf(store.claim({ ...ids, owner: 'second', leaseMs }))
      if (readsByWriting) {
        expect(early).to.have.nested.property('turn.prompt.id', firstPrompt.id)
        return
      }
      expect(early).to.equal('row_contended')
      let isCaughtUp = false
      lagging.knex.on('query', ({ sql }: { sql: string }) => {
        isCaughtUp ||= /^update .messages/.test(sql)
      })
      await lagging.catchUp()
      let isClaimed = false
      // One after the other: on a busy machine copies at a pace of their own would pile up.
      const catching = (async () => {
        for (; !isClaimed; await setTimeout(5)) if (isCaughtUp) await lagging.catchUp()
      })()
      const patient = createSessionStore({ knex: lagging.knex, instance: 'third' })
      const second = await patient
        .claim({ ...ids, owner: 'second', leaseMs })
        .finally(() => (isClaimed = true))
      await catching
      if (!second.claimed) throw new Error(`the turn must be free, but is ${second.reason}`)
      expect(second.turn.prompt?.id).to.equal(firstPrompt.id)
    })

    it('run no turn again that is over', async () => {
      const ids = await newIds()
      const first = await direct.claim({ ...ids, owner: 'first', leaseMs })
      if (!first.claimed) throw new Error(`the turn must be free, but is ${first.reason}`)
      await lagging.catchUp()
      await copy.knex('conversations').update({ turn_owner: null, turn_expires_at: null })
      await direct.settle(first.lease, completed)
      await direct.release(first.lease)
      const outcome = await codeOf(store.claim({ ...ids, owner: 'second', leaseMs }))
      expect(outcome).to.equal('row_contended')
      expect((await direct.read(ids.turnId))?.status).to.equal('completed')
      await lagging.catchUp()
      expect(await store.claim({ ...ids, owner: 'second', leaseMs })).to.include({
        reason: 'settled',
      })
    })

    it('take no turn for gone that was inserted just now', async () => {
      const ids = await newIds()
      const first = await direct.claim({ ...ids, owner: 'first', leaseMs })
      if (!first.claimed) throw new Error(`the turn must be free, but is ${first.reason}`)
      expect(await store.renew(first.lease, { leaseMs })).to.include({ status: 'running' })
      expect((await store.renewAll([first.lease], { leaseMs }))[0]).to.include({
        status: 'running',
      })
      expect(await codeOf(store.updateAsks(first.lease, []))).to.equal('row_contended')
      await rows.knex('messages').delete()
      expect(await store.renew(first.lease, { leaseMs })).to.include({ status: 'cancelled' })
    })

    it('take no lease from one that holds it, and tell a renewal nothing', async () => {
      const ids = await newIds()
      await lagging.catchUp()
      const first = await direct.claim({ ...ids, owner: 'first', leaseMs })
      if (!first.claimed) throw new Error(`the turn must be free, but is ${first.reason}`)
      expect(await codeOf(store.claim({ ...ids, owner: 'second', leaseMs }))).to.equal(
        'row_contended',
      )
      expect(await direct.snapshot(first.lease, { reply: null, text: 'ours' })).to.equal(true)
      expect(await store.renew(first.lease, { leaseMs })).to.include({ held: true })
      await direct.release(first.lease)
      expect(await store.renew(first.lease, { leaseMs })).to.include({ held: false })
    })

    it('leave no turn of a conversation that is removed without its end being told', async () => {
      const ids = await newIds()
      await lagging.catchUp()
      const unseen = await rows.insertTurn(ids.conversationId)
      await outboxMigration().up(rows.knex)
      const telling = createSessionStore({ knex: lagging.knex, clock, outbox: {} })
      const refused = await codeOf(
        telling.removeConversation(ids.conversationId, createFakeUpstream()),
      )
      expect(refused).to.equal('row_contended')
      expect((await direct.read(unseen))?.status).to.equal('pending')
      await lagging.catchUp()
      await telling.removeConversation(ids.conversationId, createFakeUpstream())
      const events = await createOutboxStore({ knex: rows.knex }).take({ limit: 9, leaseMs: 1 })
      expect(events.map(({ turnId, status }) => `${turnId} ${status}`)).to.have.members([
        `${ids.turnId} cancelled`,
        `${unseen} cancelled`,
      ])
    })

    it('lose no lease that was taken just now', async () => {
      const ids = await newIds()
      await lagging.catchUp()
      const first = await direct.claim({ ...ids, owner: 'first', leaseMs })
      if (!first.claimed) throw new Error(`the turn must be free, but is ${first.reason}`)
      const { lease } = first
      const upstream = createFakeUpstream()
      const ensure = () => codeOf(store.ensureSession(ids.conversationId, upstream, { lease }))
      expect(await ensure()).to.equal('row_contended')
      await lagging.catchUp()
      expect(await ensure()).to.include({ created: true })
    })

    it('delete no session in a sweep that a row has', async () => {
      const { conversationId } = await newIds()
      await lagging.catchUp()
      const upstream = createFakeUpstream()
      await createSessionStore({ knex: rows.knex, keyPrefix: 'ours:' }).ensureSession(
        conversationId,
        upstream,
      )
      const sessions = [...upstream.sessions].map(([id, key]) => ({ id, key, createdAt: 1 }))
      const sweeping = createSessionStore({ knex: lagging.knex, clock, keyPrefix: 'ours:' })
      const found = await sweeping.sweep({
        upstream: { ...upstream, list: async () => ({ sessions, isComplete: true }) },
      })
      expect(found.orphanSessions).to.deep.equal([])
      expect(upstream.sessions.size).to.equal(1)
    })

    it('delete no session that was stored, though the answer was lost', async () => {
      const { conversationId } = await newIds()
      await lagging.catchUp()
      const upstream = createFakeUpstream()
      const failing = failStatements(lagging.knex)
      // One read, the claim of the creation, its end.
      failing.failAt(3, 'after')
      const created = await store.ensureSession(conversationId, upstream)
      failing.restore()
      const row = await rows.knex('conversations').where({ id: conversationId }).first()
      expect(row).to.include({ opencode_session_id: created.sessionId })
      expect([...upstream.sessions.keys()]).to.deep.equal([created.sessionId])
    })
  })
}
