import assert from 'node:assert/strict'
import { createFakeUpstream } from './fake-upstream.js'
import { sessionOf } from './subject.js'
import type { SessionStoreCase } from './subject.js'

const racers = 8

/** @internal */
export const recreateCases: readonly SessionStoreCase[] = [
  {
    name: 'recreateSession replaces the stale session, and does not delete it upstream',
    run: async (subject) => {
      const upstream = createFakeUpstream()
      const id = await subject.insertConversation()
      const stale = await subject.store.ensureSession(id, upstream)
      const fresh = await subject.store.recreateSession(id, stale.sessionId, upstream)
      assert.equal(fresh.created, true)
      assert.notEqual(fresh.sessionId, stale.sessionId)
      assert.deepEqual([...upstream.sessions.keys()], [stale.sessionId, fresh.sessionId])
      const ensured = await subject.another().ensureSession(id, upstream)
      assert.deepEqual(sessionOf(ensured), { sessionId: fresh.sessionId, created: false })
    },
  },
  {
    name: 'recreateSession of a session that was replaced already answers with the present one',
    run: async (subject) => {
      const upstream = createFakeUpstream()
      const id = await subject.insertConversation()
      const stale = await subject.store.ensureSession(id, upstream)
      const fresh = await subject.store.recreateSession(id, stale.sessionId, upstream)
      const late = await subject.another().recreateSession(id, stale.sessionId, upstream)
      assert.deepEqual(sessionOf(late), { sessionId: fresh.sessionId, created: false })
      assert.equal(upstream.titles.length, 2)
    },
  },
  {
    name: 'a race of recreateSession creates exactly one new session',
    run: async (subject) => {
      const upstream = createFakeUpstream()
      const id = await subject.insertConversation()
      const stale = await subject.store.ensureSession(id, upstream)
      const results = await Promise.all(
        Array.from({ length: racers }, () =>
          subject.another().recreateSession(id, stale.sessionId, upstream),
        ),
      )
      assert.equal(upstream.titles.length, 2, 'one creation before the race, one in it')
      assert.equal(results.filter(({ created }) => created).length, 1, 'one creator')
      const ids = new Set(results.map(({ sessionId }) => sessionId))
      assert.equal(ids.size, 1, 'all converge')
      assert.deepEqual([...upstream.sessions.keys()], [stale.sessionId, ...ids])
    },
  },
  {
    name: 'recreateSession of a conversation without a session creates one',
    run: async (subject) => {
      const upstream = createFakeUpstream()
      const id = await subject.insertConversation()
      const result = await subject.store.recreateSession(id, 'ses_unknown', upstream)
      assert.equal(result.created, true)
    },
  },
  {
    name: 'a session that was left and cannot be deleted does not keep the conversation from a new one',
    run: async (subject) => {
      const upstream = createFakeUpstream()
      const id = await subject.insertConversation()
      upstream.hooks.after = () => Promise.reject(new Error('connection lost'))
      await assert.rejects(subject.store.ensureSession(id, upstream))
      delete upstream.hooks.after
      const stuck = { ...upstream, delete: () => Promise.reject(new Error('out of order')) }
      assert.equal((await subject.store.ensureSession(id, stuck)).created, true)
    },
  },
]
