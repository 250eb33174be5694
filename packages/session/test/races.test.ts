import { databases } from '@turnstead-internal/databases'
import { expect } from 'chai'
import { after, afterEach, before, describe, it } from 'mocha'
import { createFakeUpstream } from '../src/contract/fake-upstream.js'
import type { FakeUpstream } from '../src/contract/fake-upstream.js'
import { createSessionStore } from '../src/index.js'
import type { RowId, SessionResult } from '../src/index.js'
import { openRows } from './support/open-rows.js'
import type { Rows } from './support/open-rows.js'
import { createShiftedClock } from './support/shifted-clock.js'
import { startWorker } from './support/start-worker.js'
import type { OnUpstream, Worker } from './support/start-worker.js'
import type { Turn } from './support/worker-process.js'

const workerCount = 3
const turnCount = 30
const conversationCount = 8

const steps: Record<string, OnUpstream> = {
  'before the creation': async ({ method, answer, reply, kill }) => {
    if (method === 'create') await kill()
    else reply(await answer())
  },
  'after the creation, before the answer': async ({ method, answer, reply, kill }) => {
    const value = await answer()
    if (method === 'create') await kill()
    else reply(value)
  },
  'while it stores the answer': async ({ method, answer, reply, kill }) => {
    reply(await answer())
    if (method === 'create') await kill()
  },
}

for (const kind of databases) {
  describe(`worker processes on ${kind.name}`, function () {
    this.timeout(60_000)
    if (kind.skip !== null) {
      it(`race (skipped: ${kind.skip})`)
      return
    }
    let rows: Rows
    const workers: Worker[] = []
    const start = async (upstream: FakeUpstream, onUpstream?: OnUpstream): Promise<Worker> => {
      const worker = await startWorker(rows.database.url, upstream, onUpstream)
      workers.push(worker)
      return worker
    }
    const startAll = (upstream: FakeUpstream): Promise<Worker[]> =>
      Promise.all(Array.from({ length: workerCount }, () => start(upstream)))
    before(async () => {
      rows = await openRows(kind)
    })
    afterEach(async () => {
      await Promise.all(workers.splice(0).map((worker) => worker.kill()))
      await rows.clear()
    })
    after(() => rows.close())

    it('claim every turn exactly once, create one session per conversation, and lose no update', async () => {
      const upstream = createFakeUpstream()
      const all = await startAll(upstream)
      const turns: Turn[] = []
      for (let n = 0; n < turnCount; n += 1) {
        const conversationId = await rows.insertConversation()
        turns.push({ conversationId, turnId: await rows.insertTurn(conversationId) })
      }
      const claims = await Promise.all(
        all.map((worker, n) => worker.run({ verb: 'claim', turns, owner: `worker-${n}` })),
      )
      const claimed = claims.flatMap((ids) => ids as RowId[])
      expect(claimed.toSorted(byNumber)).to.deep.equal(turns.map(({ turnId }) => turnId))

      for (const { conversationId } of turns.slice(0, conversationCount)) {
        const results = (await Promise.all(
          all.map((worker) => worker.run({ verb: 'ensure', conversationId })),
        )) as SessionResult[]
        expect(results.filter(({ created }) => created)).to.have.lengthOf(1)
        expect(new Set(results.map(({ sessionId }) => sessionId)).size).to.equal(1)
      }
      expect(upstream.titles).to.have.lengthOf(conversationCount)
      expect(upstream.sessions.size).to.equal(conversationCount)
    })

    if (kind.name === 'sqlite') {
      it('lose no update in read-then-write transactions, thanks to BEGIN IMMEDIATE', async () => {
        await rows.insertConversation()
        const all = await startAll(createFakeUpstream())
        await Promise.all(all.map((worker) => worker.run({ verb: 'count', times: 100 })))
        const row = await rows.knex('conversations').first('turn_fence')
        expect(row).to.deep.equal({ turn_fence: workerCount * 100 })
      })
    }

    it('killed with SIGKILL at any step of a creation leave nothing that the next one does not put right', async () => {
      const conversationIds: Record<string, RowId> = {}
      for (const step of Object.keys(steps)) {
        conversationIds[step] = await rows.insertConversation()
      }
      await Promise.all(
        Object.entries(steps).map(async ([step, onUpstream]) => {
          const upstream = createFakeUpstream()
          const conversationId = conversationIds[step] ?? 0
          const worker = await start(upstream, onUpstream)
          const outcome = await worker.run({ verb: 'ensure', conversationId }).catch(() => 'gone')
          const clock = createShiftedClock()
          const store = createSessionStore({ knex: rows.knex, clock, createPollMs: 5 })
          clock.advance(60_000)
          const { sessionId } = await store.ensureSession(conversationId, upstream)
          expect([...upstream.sessions.keys()], step).to.deep.equal([sessionId])
          if (outcome !== 'gone') expect(outcome, step).to.deep.include({ sessionId })
        }),
      )
    })

    it('killed with a lease are soon replaced under their name, and after its expiry by others', async () => {
      const worker = await start(createFakeUpstream())
      const conversationId = await rows.insertConversation()
      const turnId = await rows.insertTurn(conversationId)
      await worker.run({
        verb: 'claim',
        turns: [{ conversationId, turnId }],
        owner: 'worker-1',
      })
      await worker.kill()
      const clock = createShiftedClock()
      const store = createSessionStore({ knex: rows.knex, clock })
      const claim = { conversationId, turnId, leaseMs: 60_000 }
      expect((await store.claim({ ...claim, owner: 'worker-2' })).claimed).to.equal(false)
      clock.advance(18_000)
      expect((await store.claim({ ...claim, owner: 'worker-2' })).claimed).to.equal(false)
      expect((await store.claim({ ...claim, owner: 'worker-1' })).claimed).to.equal(true)
      clock.advance(120_000)
      expect((await store.claim({ ...claim, owner: 'worker-2' })).claimed).to.equal(true)
    })
  })
}

function byNumber(a: RowId, b: RowId): number {
  return Number(a) - Number(b)
}
