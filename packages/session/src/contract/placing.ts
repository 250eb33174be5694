import assert from 'node:assert/strict'
import { absentKey, firstPrompt, leaseMs, mustClaim, newTurn } from './subject.js'
import type { SessionStore } from '../session-store.js'
import type { ServerVerbs } from '../store/server-verbs.js'
import type { SessionStoreCase, SessionStoreSubject } from './subject.js'

/** @internal */
export const placeCases: readonly SessionStoreCase[] = [
  {
    name: 'the server of a conversation is told with every claim of it, until another one is noted',
    needs: 'servers',
    run: async (plain) => {
      const subject = withServers(plain)
      const ids = await newTurn(subject)
      const claim = await mustClaim(subject.store, ids)
      assert.equal(claim.conversation.server, null)
      assert.equal(await subject.store.serverOf(ids.conversationId), null)
      assert.equal(await subject.store.placeConversation(claim.lease, { server: 'a' }), true)
      assert.equal(await subject.store.placeConversation(claim.lease, { server: 'a' }), true)
      await subject.store.release(claim.lease)
      const again = await mustClaim(subject.another(), ids, 'worker-2')
      assert.equal(again.conversation.server, 'a')
      assert.equal(await subject.store.placeConversation(again.lease, { server: 'b' }), true)
      await subject.store.release(again.lease)
      const { conversationId } = ids
      const request = { conversationId, owner: 'worker-3', leaseMs }
      const whole = await subject.another().claimConversation(request)
      assert.ok(whole.claimed)
      assert.equal(whole.server, 'b')
      assert.equal(await subject.store.serverOf(conversationId), 'b')
    },
  },
  {
    name: 'a lease that was taken over places nothing',
    needs: 'servers',
    run: async (plain) => {
      const subject = withServers(plain)
      const ids = await newTurn(subject)
      const { lease: old } = await mustClaim(subject.store, ids)
      await subject.store.placeConversation(old, { server: 'a' })
      subject.advance(leaseMs * 2)
      const { lease } = await mustClaim(subject.another(), ids, 'worker-2')
      assert.equal(await subject.store.placeConversation(old, { server: 'b' }), false)
      assert.equal(await subject.store.placeConversation(old, { server: 'a' }), false)
      assert.equal(await subject.store.serverOf(ids.conversationId), 'a')
      assert.equal(await subject.store.placeConversation(lease, { server: 'c' }), true)
      assert.equal(await subject.store.serverOf(absentKey(ids.conversationId)), null)
    },
  },
  {
    name: 'of what is said of a server the last word counts, and names differ in case',
    needs: 'servers',
    run: async (plain) => {
      const subject = withServers(plain)
      const { store } = subject
      assert.deepEqual(await store.markedServers(), [])
      await store.markServer({ name: 'a', state: 'draining' })
      await store.markServer({ name: 'A', state: 'retired' })
      await subject.another().markServer({ name: 'a', state: 'active' })
      const marks = (await subject.another().markedServers()).map(({ name, state }) => [
        name,
        state,
      ])
      assert.deepEqual(
        new Map(marks as [string, string][]),
        new Map([
          ['a', 'active'],
          ['A', 'retired'],
        ]),
      )
      await assert.rejects(store.markServer({ name: '', state: 'active' }), TypeError)
    },
  },
  {
    name: 'every server is known by name that a conversation is on or of which something was said',
    needs: 'servers',
    run: async (plain) => {
      const subject = withServers(plain)
      const { store } = subject
      assert.deepEqual(await store.knownServers(), [])
      for (let count = 0; count < 2; count += 1) {
        const { lease } = await mustClaim(store, await newTurn(subject))
        await store.placeConversation(lease, { server: 'a' })
      }
      await store.markServer({ name: 'b', state: 'active' })
      assert.deepEqual([...(await subject.another().knownServers())].toSorted(), ['a', 'b'])
    },
  },
  {
    name: 'a conversation is busy on its server while it is held, and while a turn of it is left running',
    needs: 'servers',
    run: async (plain) => {
      const subject = withServers(plain)
      const { store } = subject
      const first = await newTurn(subject)
      const second = await newTurn(subject)
      const { lease: held } = await mustClaim(store, first)
      const { lease: left } = await mustClaim(store, second)
      assert.deepEqual(await store.serverLoads(), [])
      await store.placeConversation(held, { server: 'a' })
      await store.placeConversation(left, { server: 'a' })
      assert.equal(await store.recordPrompt(held, firstPrompt), true)
      assert.equal(await store.recordPrompt(left, { ...firstPrompt, id: 'msg_2' }), true)
      assert.deepEqual(await store.serverLoads(), [{ name: 'a', busy: 2 }])
      // Its worker is gone, and what it asked of the server may run on.
      subject.advance(leaseMs * 2)
      assert.deepEqual(await store.serverLoads(), [{ name: 'a', busy: 2 }])
      await store.cancel({ turnId: second.turnId })
      assert.deepEqual(await store.serverLoads(), [{ name: 'a', busy: 1 }])
    },
  },
  {
    name: 'a turn that was asked nothing makes a server busy only while its conversation is held',
    needs: 'servers',
    run: async (plain) => {
      const subject = withServers(plain)
      const { store } = subject
      const given = await mustClaim(store, await newTurn(subject))
      const lost = await mustClaim(store, await newTurn(subject))
      for (const { lease } of [given, lost]) {
        await store.placeConversation(lease, { server: 'a' })
      }
      assert.deepEqual(await store.serverLoads(), [{ name: 'a', busy: 2 }])
      await store.giveBack(given.lease)
      await store.release(given.lease)
      assert.deepEqual(await store.serverLoads(), [{ name: 'a', busy: 1 }])
      subject.advance(leaseMs * 2)
      assert.equal((await store.read(lost.lease.turnId))?.status, 'running')
      assert.deepEqual(await store.serverLoads(), [])
    },
  },
]

type ServerStore = SessionStore & ServerVerbs

function withServers(subject: SessionStoreSubject): ServerSubject {
  return { ...subject, store: able(subject.store), another: () => able(subject.another()) }
}

interface ServerSubject extends SessionStoreSubject {
  readonly store: ServerStore
  readonly another: () => ServerStore
}

function able(store: SessionStore): ServerStore {
  assert.ok(store.placeConversation !== undefined, '`placeConversation` is there')
  return store as ServerStore
}
