import { databases } from '@turnstead-internal/databases'
import { expect } from 'chai'
import { after, afterEach, before, beforeEach, describe, it } from 'mocha'
import { createFakeUpstream, createGate } from '../src/contract/fake-upstream.js'
import type { FakeUpstream } from '../src/contract/fake-upstream.js'
import { completed, firstPrompt, leaseMs, mustClaim } from '../src/contract/subject.js'
import { createSessionStore, SessionError } from '../src/index.js'
import type { Lease, RowId, SessionStore, SweepUpstream } from '../src/index.js'
import { openRows } from './support/open-rows.js'
import type { Rows } from './support/open-rows.js'
import { createShiftedClock } from './support/shifted-clock.js'

const createMs = 1_000
const minute = 60_000

for (const kind of databases) {
  describe(`the upkeep of rows on ${kind.name}`, () => {
    if (kind.skip !== null) {
      it(`runs (skipped: ${kind.skip})`)
      return
    }
    let rows: Rows
    let clock: ReturnType<typeof createShiftedClock>
    let store: SessionStore
    let upstream: FakeUpstream & SweepUpstream
    let ids: { conversationId: RowId; turnId: RowId }

    const open = (more: { keyPrefix?: string } = {}): SessionStore =>
      createSessionStore({ knex: rows.knex, clock, createMs, createPollMs: 5, ...more })
    const conversation = async (): Promise<Record<string, unknown>> =>
      (await rows.knex('conversations').where({ id: ids.conversationId }).first()) as never
    const ours = async (): Promise<Record<string, unknown>> => {
      const { id: _id, title: _title, turn_fence: _fence, ...columns } = await conversation()
      return columns
    }
    const isLost = (error: unknown): boolean =>
      SessionError.is(error) && error.code === 'lease_lost' && !error.retryable

    before(async () => {
      rows = await openRows(kind)
    })
    beforeEach(async () => {
      clock = createShiftedClock()
      store = open()
      const conversationId = await rows.insertConversation()
      ids = { conversationId, turnId: await rows.insertTurn(conversationId) }
      upstream = listed(createFakeUpstream(), clock)
    })
    afterEach(() => rows.clear())
    after(() => rows.close())

    describe('noteSession', () => {
      it('keeps what is known of a session, for the next to ask for it', async () => {
        const { lease } = await mustClaim(store, ids)
        const options = { lease, rules: 'r1' }
        const created = await store.ensureSession(ids.conversationId, upstream, options)
        expect(created).to.include({ created: true, rules: 'r1', title: null })
        const { sessionId } = created
        expect(await store.noteSession(lease, { sessionId, title: 'Of colours\0' })).to.equal(true)
        expect(await store.noteSession(lease, { sessionId, rules: 'r2' })).to.equal(true)
        expect(await store.noteSession(lease, { sessionId, rules: 'r2' })).to.equal(true)
        const known = await store.ensureSession(ids.conversationId, upstream, { lease })
        expect(known).to.deep.equal({
          sessionId,
          created: false,
          rules: 'r2',
          title: 'Of colours\uFFFD',
        })
        expect(await conversation()).to.include({ title: 'A title' })
      })

      it('is refused under a lost lease, and for another session', async () => {
        const { lease } = await mustClaim(store, ids)
        const { sessionId } = await store.ensureSession(ids.conversationId, upstream)
        const other = { sessionId: 'ses_other', rules: 'r' }
        expect(await store.noteSession(lease, other)).to.equal(false)
        clock.advance(leaseMs * 2)
        await mustClaim(open(), ids, 'worker-2')
        expect(await store.noteSession(lease, { sessionId, rules: 'r' })).to.equal(false)
        expect(await conversation()).to.include({ opencode_rules: null })
      })

      it('a session that replaces another has no rules that were not given', async () => {
        const { sessionId } = await store.ensureSession(ids.conversationId, upstream, {
          rules: 'a',
        })
        const fresh = await store.recreateSession(ids.conversationId, sessionId, upstream)
        expect(fresh).to.include({ created: true, rules: null })
        expect(await conversation()).to.include({ opencode_rules: null })
      })
    })

    describe('a session under a lease', () => {
      it('is not created once the lease was lost', async () => {
        const { lease } = await mustClaim(store, ids)
        clock.advance(leaseMs * 2)
        await mustClaim(open(), ids, 'worker-2')
        const late = await store
          .ensureSession(ids.conversationId, upstream, { lease })
          .catch((error: unknown) => error)
        expect(late).to.satisfy(isLost)
        expect(upstream.sessions.size).to.equal(0)
      })

      it('is taken up at once again by a store that lost its own answer', async () => {
        const { knex } = rows
        let lost = true
        const flaky = createSessionStore({
          knex: () => knex,
          clock,
          createMs: 3_600_000,
          createWaitMs: 10,
        })
        const hook = ({ sql }: { sql: string }): void => {
          if (!lost || !/^update .*opencode_create_claim/.test(sql)) return
          lost = false
          throw Object.assign(new Error('connection lost'), { code: 'ECONNRESET' })
        }
        knex.on('query-response', (_response: unknown, query: { sql: string }) => hook(query))
        const first = await flaky
          .ensureSession(ids.conversationId, upstream)
          .catch((error: unknown) => error)
        knex.removeAllListeners('query-response')
        expect(first).to.be.instanceOf(Error)
        expect((await conversation())['opencode_create_claim']).to.be.a('string')
        const second = await flaky.ensureSession(ids.conversationId, upstream)
        expect(second.created).to.equal(true)
      })
    })

    describe('removeConversation', () => {
      it('ends the turns, the session and the lease, and leaves the row to the host', async () => {
        const pending = await rows.insertTurn(ids.conversationId)
        const { lease } = await mustClaim(store, ids)
        const { sessionId } = await store.ensureSession(ids.conversationId, upstream, { lease })
        await store.recordPrompt(lease, { ...firstPrompt, sessionId })
        const removed = await open().removeConversation(ids.conversationId, upstream)
        expect(removed).to.deep.equal({
          cancelledTurns: 2,
          deletedSessions: [sessionId],
          isComplete: true,
        })
        expect(upstream.aborted).to.deep.equal([sessionId])
        expect(upstream.sessions.size).to.equal(0)
        expect(Object.values(await ours()).every((value) => value === null)).to.equal(true)
        expect(await conversation()).to.include({ title: 'A title' })
        for (const turnId of [ids.turnId, pending]) {
          const turn = await store.read(turnId)
          expect(turn).to.include({ status: 'cancelled', reason: 'removed' })
          expect(turn?.closedAt).to.be.a('number')
        }
        expect(await store.renew(lease, { leaseMs })).to.include({ held: false })
        expect(await store.keepPartial(lease, completed)).to.equal(false)
      })

      it('may be repeated, and knows no conversation that is not there', async () => {
        await store.ensureSession(ids.conversationId, upstream)
        await store.removeConversation(ids.conversationId, upstream)
        expect(await store.removeConversation(ids.conversationId, upstream)).to.deep.equal({
          cancelledTurns: 0,
          deletedSessions: [],
          isComplete: true,
        })
        expect(await store.removeConversation(Number(ids.conversationId) + 9, upstream)).to.equal(
          null,
        )
      })

      it('keeps everything while the upstream does not delete, for the next try', async () => {
        const { sessionId } = await store.ensureSession(ids.conversationId, upstream)
        const refused = new Error('refused')
        const broken = { ...upstream, delete: () => Promise.reject(refused) }
        const error: unknown = await store
          .removeConversation(ids.conversationId, broken)
          .catch((reason: unknown) => reason)
        expect(error).to.equal(refused)
        expect(await conversation()).to.include({ opencode_session_id: sessionId })
        await store.removeConversation(ids.conversationId, upstream)
        expect(upstream.sessions.size).to.equal(0)
      })

      for (const when of ['before', 'after'] as const) {
        it(`a worker that is creating, ${when} the session is there, leaves nothing behind`, async () => {
          const gate = createGate()
          const { lease } = await mustClaim(store, ids)
          upstream.hooks[when] = gate.pass
          const creating = store
            .ensureSession(ids.conversationId, upstream, { lease })
            .catch((error: unknown) => error)
          await gate.reached
          await open().removeConversation(ids.conversationId, upstream)
          gate.open()
          expect(await creating).to.satisfy(isLost)
          expect(upstream.sessions.size).to.equal(0)
          expect(Object.values(await ours()).every((value) => value === null)).to.equal(true)
        })
      }

      it('says when it could not look for all that creations left', async () => {
        upstream.hooks.after = () => Promise.reject(new Error('connection lost'))
        await store.ensureSession(ids.conversationId, upstream).catch(() => undefined)
        const { find: _, ...blind } = upstream
        const removed = await store.removeConversation(ids.conversationId, blind)
        expect(removed).to.include({ isComplete: false })
      })
    })

    describe('sweep', () => {
      const sweep = (more: Parameters<SessionStore['sweep']>[0] = {}) =>
        store.sweep({ pendingOlderThanMs: minute, expiredOlderThanMs: minute, ...more })
      const nothing = {
        freedLeases: [],
        strandedTurns: [],
        dueTurns: [],
        pendingTurns: [],
        unclosedTurns: [],
        orphanSessions: [],
        lostSessions: [],
        nextSessionsAfter: null,
        hasMore: false,
      }

      it('finds nothing where a worker is alive', async () => {
        const { lease } = await mustClaim(store, ids)
        const { sessionId } = await store.ensureSession(ids.conversationId, upstream)
        await store.recordPrompt(lease, { ...firstPrompt, sessionId })
        clock.advance(minute * 10)
        await store.renew(lease, { leaseMs })
        expect(await sweep({ upstream, sessionsAfter: null })).to.deep.equal(nothing)
        await store.settle(lease, completed)
        clock.advance(minute * 10)
        await store.renew(lease, { leaseMs })
        expect(await sweep({ upstream })).to.deep.equal(nothing)
        await store.closeTurn(lease)
        await store.release(lease)
        expect(await sweep({ upstream })).to.deep.equal(nothing)
      })

      it('reports a turn whose worker is gone at once, and frees its lease only after a while', async () => {
        const { lease } = await mustClaim(store, ids)
        clock.advance(leaseMs + 1)
        const first = await sweep()
        expect(first.freedLeases).to.deep.equal([])
        expect(first.strandedTurns).to.have.length(1)
        expect(first.strandedTurns[0]).to.include(ids)
        // It was only slow, and goes on.
        expect(await store.renew(lease, { leaseMs })).to.include({ held: true, status: 'running' })
        expect((await sweep()).strandedTurns).to.deep.equal([])
        clock.advance(minute + leaseMs)
        const second = await sweep()
        expect(second.freedLeases.map(({ conversationId }) => conversationId)).to.deep.equal([
          ids.conversationId,
        ])
        expect(second.freedLeases[0]?.owner).to.equal('worker-1')
        expect(second.strandedTurns).to.have.length(1)
        expect(await store.renew(lease, { leaseMs })).to.include({ held: false })
        expect((await store.read(ids.turnId))?.status).to.equal('running')
      })

      it('reports a turn that stays pending, and never runs it', async () => {
        expect((await sweep()).pendingTurns).to.deep.equal([])
        clock.advance(minute + 1)
        const { pendingTurns } = await sweep()
        expect(pendingTurns).to.have.length(1)
        expect(pendingTurns[0]).to.include(ids)
        expect((await store.read(ids.turnId))?.status).to.equal('pending')
        const { lease } = await mustClaim(store, ids)
        const waiting = await rows.insertTurn(ids.conversationId)
        await sweep()
        clock.advance(minute * 2)
        await store.renew(lease, { leaseMs })
        expect((await sweep()).pendingTurns, 'it waits for its turn').to.deep.equal([])
        await store.settle(lease, completed)
        await store.release(lease)
        expect((await sweep()).pendingTurns.map(({ turnId }) => turnId)).to.deep.equal([waiting])
      })

      it('reports a turn that ended with something left to do', async () => {
        const { lease } = await mustClaim(store, ids)
        await store.recordPrompt(lease, firstPrompt)
        await store.settle(lease, completed)
        await store.release(lease)
        expect((await sweep()).unclosedTurns).to.deep.equal([])
        clock.advance(minute + 1)
        const { unclosedTurns } = await sweep()
        expect(unclosedTurns).to.have.length(1)
        expect(unclosedTurns[0]).to.include({ ...ids, status: 'completed' })
      })

      it('deletes the session of a creation that died, once it is too old to be stored', async () => {
        upstream.hooks.after = () => new Promise(() => undefined)
        void store.ensureSession(ids.conversationId, upstream)
        while (upstream.sessions.size === 0) await new Promise((resolve) => setImmediate(resolve))
        const [sessionId] = upstream.sessions.keys()
        clock.advance(createMs * 2)
        expect((await sweep({ upstream })).orphanSessions).to.deep.equal([])
        clock.advance(createMs * 2)
        const { orphanSessions } = await sweep({ upstream })
        expect(orphanSessions).to.have.length(1)
        expect(orphanSessions[0]).to.include({ sessionId, deleted: true })
        expect(upstream.sessions.size).to.equal(0)
      })

      it('only reports what may be of another application, unless the key says whose it is', async () => {
        upstream.sessions.set('ses_other', 'key-of-another')
        upstream.sessions.set('ses_none', '')
        clock.advance(createMs * 4)
        const { orphanSessions } = await sweep({ upstream })
        expect(orphanSessions.map(({ sessionId, deleted }) => [sessionId, deleted])).to.deep.equal([
          ['ses_other', false],
        ])
        const named = open({ keyPrefix: 'shop.' })
        const one = await named.ensureSession(ids.conversationId, upstream)
        expect(upstream.sessions.get(one.sessionId)).to.match(/^shop\../)
        upstream.sessions.set('ses_left', 'shop.left')
        clock.advance(createMs * 4)
        const second = await named.sweep({ upstream })
        expect(
          second.orphanSessions.map(({ sessionId, deleted }) => [sessionId, deleted]),
        ).to.deep.equal([
          ['ses_other', false],
          ['ses_left', true],
        ])
        expect([...upstream.sessions.keys()]).to.deep.equal([
          'ses_other',
          'ses_none',
          one.sessionId,
        ])
      })

      it('a creator that was paused for too long stores nothing that a sweep may delete', async () => {
        const gate = createGate()
        upstream.hooks.after = gate.pass
        const creating = store.ensureSession(ids.conversationId, upstream)
        await gate.reached
        clock.advance(createMs * 3)
        delete upstream.hooks.after
        gate.open()
        const { sessionId } = await creating
        expect([...upstream.sessions.keys()]).to.deep.equal([sessionId])
        expect(upstream.titles).to.have.length(2)
      })

      it('finds conversations whose session is gone, a batch at a time', async () => {
        const conversations: RowId[] = []
        for (let n = 0; n < 3; n += 1) {
          const id = await rows.insertConversation()
          const { sessionId } = await store.ensureSession(id, upstream)
          if (n !== 1) upstream.sessions.delete(sessionId)
          conversations.push(id)
        }
        const first = await sweep({ upstream, limit: 2, sessionsAfter: null })
        expect(first.lostSessions.map((lost) => lost.conversationId)).to.deep.equal([
          conversations[0],
        ])
        expect(first).to.include({ nextSessionsAfter: conversations[1], hasMore: true })
        const second = await sweep({ upstream, limit: 2, sessionsAfter: first.nextSessionsAfter })
        expect(second.lostSessions.map((lost) => lost.conversationId)).to.deep.equal([
          conversations[2],
        ])
        expect(second.nextSessionsAfter).to.equal(null)
        const partial = { ...upstream, list: async () => ({ sessions: [], isComplete: false }) }
        expect(
          (await sweep({ upstream: partial, sessionsAfter: null })).lostSessions,
        ).to.deep.equal([])
      })

      it('works in batches', async () => {
        const leases: Lease[] = []
        for (let n = 0; n < 5; n += 1) {
          const conversationId = await rows.insertConversation()
          const turnId = await rows.insertTurn(conversationId)
          leases.push((await mustClaim(store, { conversationId, turnId })).lease)
        }
        clock.advance(minute * 10)
        const counts: number[] = []
        for (;;) {
          const report = await sweep({ limit: 2 })
          counts.push(report.freedLeases.length)
          expect(report.strandedTurns.length).to.be.at.most(2)
          if (report.freedLeases.length === 0) break
        }
        expect(counts).to.deep.equal([2, 2, 1, 0])
      })

      it('refuses what makes no sense', async () => {
        const errors = await Promise.all(
          [{ limit: 0 }, { limit: 1.5 }, { pendingOlderThanMs: -1 }, { sessionsAfter: null }].map(
            (request) => store.sweep(request).catch((error: unknown) => error),
          ),
        )
        expect(errors.map((error) => (error as Error).name)).to.deep.equal([
          'RangeError',
          'RangeError',
          'RangeError',
          'TypeError',
        ])
      })
    })
  })
}

/** The fake upstream with a list, as of the time of the clock when each session was seen first. */
function listed(
  upstream: FakeUpstream,
  clock: { now: () => number },
): FakeUpstream & SweepUpstream {
  const createdAt = new Map<string, number>()
  const set = upstream.sessions.set.bind(upstream.sessions)
  upstream.sessions.set = (id, key) => {
    createdAt.set(id, clock.now())
    return set(id, key)
  }
  return {
    ...upstream,
    list: async () => ({
      sessions: [...upstream.sessions].map(([id, key]) => ({
        id,
        key: key === '' ? null : key,
        createdAt: createdAt.get(id) ?? 0,
      })),
      isComplete: true,
    }),
  }
}
