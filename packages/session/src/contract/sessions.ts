import assert from 'node:assert/strict'
import { SessionError } from '../errors.js'
import { createFakeUpstream, createGate } from './fake-upstream.js'
import { absentKey, sessionOf } from './subject.js'
import type { SessionStoreCase } from './subject.js'

const racers = 8

/** @internal */
export const sessionCases: readonly SessionStoreCase[] = [
  {
    name: 'ensureSession creates one session and keeps to it',
    run: async (subject) => {
      const upstream = createFakeUpstream()
      const id = await subject.insertConversation()
      const first = await subject.store.ensureSession(id, upstream)
      assert.equal(first.created, true)
      const second = await subject.another().ensureSession(id, upstream)
      assert.deepEqual(sessionOf(second), { sessionId: first.sessionId, created: false })
      assert.deepEqual([...upstream.sessions.keys()], [first.sessionId])
    },
  },
  {
    name: 'a race of ensureSession creates exactly one session, and all get its id',
    run: async (subject) => {
      const upstream = createFakeUpstream()
      const id = await subject.insertConversation()
      const stores = Array.from({ length: racers }, () => subject.another())
      const results = await Promise.all(stores.map((store) => store.ensureSession(id, upstream)))
      assert.equal(upstream.titles.length, 1, 'one creation')
      assert.equal(results.filter(({ created }) => created).length, 1, 'one creator')
      assert.equal(new Set(results.map(({ sessionId }) => sessionId)).size, 1, 'one id')
    },
  },
  {
    name: 'conversations get different sessions and different keys',
    run: async (subject) => {
      const upstream = createFakeUpstream()
      const one = await subject.store.ensureSession(await subject.insertConversation(), upstream)
      const other = await subject.store.ensureSession(await subject.insertConversation(), upstream)
      assert.notEqual(one.sessionId, other.sessionId)
      assert.equal(new Set(upstream.sessions.values()).size, 2)
    },
  },
  {
    name: 'the error of a failed creation passes through, and the next ensureSession creates at once',
    run: async (subject) => {
      const upstream = createFakeUpstream()
      const id = await subject.insertConversation()
      const refused = new Error('refused')
      upstream.hooks.before = () => Promise.reject(refused)
      await assert.rejects(subject.store.ensureSession(id, upstream), (error) => error === refused)
      delete upstream.hooks.before
      assert.equal((await subject.another().ensureSession(id, upstream)).created, true)
      assert.equal(upstream.sessions.size, 1)
    },
  },
  {
    name: 'a session whose creation looked failed is found and deleted by the next creation',
    run: async (subject) => {
      const upstream = createFakeUpstream()
      const id = await subject.insertConversation()
      upstream.hooks.after = () => Promise.reject(new Error('connection lost'))
      await assert.rejects(subject.store.ensureSession(id, upstream))
      assert.equal(upstream.sessions.size, 1, 'the server created it all the same')
      delete upstream.hooks.after
      const { sessionId } = await subject.another().ensureSession(id, upstream)
      assert.deepEqual([...upstream.sessions.keys()], [sessionId])
    },
  },
  {
    name: 'a key is kept until all sessions were looked at, and then forgotten',
    run: async (subject) => {
      const upstream = createFakeUpstream()
      const id = await subject.insertConversation()
      upstream.hooks.after = () => Promise.reject(new Error('connection lost'))
      await assert.rejects(subject.store.ensureSession(id, upstream))
      delete upstream.hooks.after
      const asked: string[] = []
      const find: typeof upstream.find = (key) => {
        asked.push(key)
        return upstream.find(key)
      }
      // Its answer is one page, and the session that was left is not on it.
      const paged = { ...upstream, find: async () => 'incomplete' as const }
      const first = await subject.another().ensureSession(id, paged)
      assert.equal(upstream.sessions.size, 2)
      const whole = { ...upstream, find }
      const second = await subject.store.recreateSession(id, first.sessionId, whole)
      assert.deepEqual([...upstream.sessions.keys()], [first.sessionId, second.sessionId])
      assert.equal(new Set(asked).size, 1, 'one key was left')
      asked.length = 0
      await subject.store.recreateSession(id, second.sessionId, whole)
      assert.deepEqual(asked, [], 'no key is left')
    },
  },
  {
    name: 'a creation without a usable id is an error, not a session',
    run: async (subject) => {
      const upstream = createFakeUpstream()
      const id = await subject.insertConversation()
      const answers: unknown[] = [{ id: '' }, null, undefined, {}, { id: 7 }, { id: '../../x' }]
      for (const answer of answers) {
        const broken = { ...upstream, create: async () => answer as { id: string } }
        await assert.rejects(subject.store.ensureSession(id, broken), (error) => {
          return SessionError.is(error) && error.code === 'session_create_failed'
        })
      }
      assert.equal((await subject.store.ensureSession(id, upstream)).created, true)
    },
  },
  {
    name: 'a creator that takes too long loses to the next, deletes what it made, and gets the other id',
    run: async (subject) => {
      const slow = createFakeUpstream()
      const gate = createGate()
      const id = await subject.insertConversation()
      slow.hooks.after = gate.pass
      const late = subject.store.ensureSession(id, slow)
      await gate.reached
      subject.advance(subject.createMs * 2)
      // A second view of the same server, which is not slow.
      const { hooks: _, ...quick } = createFakeUpstream()
      const winner = await subject.another().ensureSession(id, quick)
      assert.equal(winner.created, true)
      gate.open()
      assert.deepEqual(sessionOf(await late), { sessionId: winner.sessionId, created: false })
      assert.equal(slow.sessions.size, 0, 'the late session is deleted')
    },
  },
  {
    name: 'a wait for another creator ends with the reason of an abort',
    run: async (subject) => {
      const upstream = createFakeUpstream()
      const gate = createGate()
      const id = await subject.insertConversation()
      upstream.hooks.before = gate.pass
      const creating = subject.store.ensureSession(id, upstream)
      await gate.reached
      const reason = new Error('enough')
      const { signal } = abortedSoon(reason)
      const waiting = subject.another().ensureSession(id, upstream, { signal })
      await assert.rejects(waiting, (error) => error === reason)
      gate.open()
      assert.equal((await creating).created, true)
    },
  },
  {
    name: 'a conversation that is not there has no session to ensure or to stop',
    run: async (subject) => {
      const upstream = createFakeUpstream()
      const id = await subject.insertConversation()
      const absent = absentKey(id)
      const isMissing = (error: unknown): boolean =>
        SessionError.is(error) && error.code === 'conversation_not_found'
      await assert.rejects(subject.store.ensureSession(absent, upstream), isMissing)
      await assert.rejects(subject.store.abortSession(absent, upstream), isMissing)
      assert.equal(upstream.sessions.size, 0)
    },
  },
  {
    name: 'abortSession stops the session, and says when there is none',
    run: async (subject) => {
      const upstream = createFakeUpstream()
      const id = await subject.insertConversation()
      assert.equal(await subject.store.abortSession(id, upstream), false)
      const { sessionId } = await subject.store.ensureSession(id, upstream)
      assert.equal(await subject.store.abortSession(id, upstream), true)
      assert.deepEqual(upstream.aborted, [sessionId])
    },
  },
]

function abortedSoon(reason: Error): AbortController {
  const controller = new AbortController()
  setImmediate(() => controller.abort(reason))
  return controller
}
