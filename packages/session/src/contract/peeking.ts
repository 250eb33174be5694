import assert from 'node:assert/strict'
import type { TurnGlance } from '../records.js'
import type { SessionStore } from '../session-store.js'
import { absentKey, completed, mustClaim, mustRead, newTurn } from './subject.js'
import type { SessionStoreCase } from './subject.js'

/** @internal */
export const peekCases: readonly SessionStoreCase[] = [
  {
    name: 'peek says where each turn stands in the order asked, and null for one that is not there',
    run: async (subject) => {
      const { store } = subject
      const running = await newTurn(subject)
      const pending = await newTurn(subject)
      const { lease } = await mustClaim(store, running)
      const absent = absentKey(running.turnId)
      const found = await store.peek([pending.turnId, absent, running.turnId, pending.turnId])
      assert.deepEqual(
        found.map((glance) => glance?.status ?? null),
        ['pending', null, 'running', 'pending'],
      )
      assert.equal(String(found[2]?.turnId), String(running.turnId))
      assert.equal(found[2]?.fence, lease.fence)
      assert.deepEqual(await store.peek([]), [])
    },
  },
  {
    name: 'peek and read give a revision that every write to the turn raises, and nothing else',
    run: async (subject) => {
      const { store } = subject
      const ids = await newTurn(subject)
      const { lease } = await mustClaim(store, ids)
      const before = await glance(store, ids.turnId)
      await store.renew(lease, { leaseMs: 10_000 })
      assert.deepEqual(await glance(store, ids.turnId), before)
      await store.snapshot(lease, { reply: { n: 1 }, text: 'One' })
      const after = await glance(store, ids.turnId)
      assert.ok(after.revision > before.revision, 'a snapshot raises the revision')
      assert.equal((await mustRead(store, ids.turnId)).revision, after.revision)
      await store.settle(lease, completed)
      assert.ok((await glance(store, ids.turnId)).revision > after.revision)
    },
  },
  {
    name: 'peek says which turns wait for another turn of their conversation',
    run: async (subject) => {
      const { store } = subject
      const { conversationId, turnId } = await newTurn(subject)
      const next = await subject.insertTurn(conversationId)
      const { lease } = await mustClaim(store, { conversationId, turnId })
      assert.equal((await glance(store, next)).waitsForTurn, true)
      assert.equal((await glance(store, turnId)).waitsForTurn, false)
      await store.release(lease)
      assert.equal((await glance(store, next)).waitsForTurn, false)
    },
  },
]

async function glance(store: SessionStore, turnId: TurnGlance['turnId']): Promise<TurnGlance> {
  const [found] = await store.peek([turnId])
  assert.ok(found !== undefined && found !== null, `turn ${turnId} must be there`)
  return found
}
