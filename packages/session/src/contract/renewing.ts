import assert from 'node:assert/strict'
import { completed, leaseMs, mustClaim, newTurn } from './subject.js'
import type { SessionStoreCase } from './subject.js'

/** @internal Many leases renewed at once. */
export const renewalCases: readonly SessionStoreCase[] = [
  {
    name: 'leases renewed together are answered one by one, in the order given',
    run: async (subject) => {
      const { store } = subject
      const running = await newTurn(subject)
      const taken = await newTurn(subject)
      const released = await newTurn(subject)
      const cancelled = await newTurn(subject)
      const settled = await newTurn(subject)
      const leases = []
      for (const ids of [running, taken, released, cancelled, settled]) {
        leases.push((await mustClaim(store, ids)).lease)
      }
      const conversationId = await subject.insertConversation()
      const alone = await store.claimConversation({ conversationId, owner: 'worker-1', leaseMs })
      assert.ok(alone.claimed)
      const [first, second, third, fourth, fifth] = leases
      assert.ok(first && second && third && fourth && fifth)
      await store.release(third)
      await store.settle(fifth, completed)
      await subject.another().cancel({ turnId: cancelled.turnId })
      subject.advance(leaseMs * 2)
      await mustClaim(subject.another(), taken, 'worker-2')
      const together = [fifth, second, alone.lease, first, third, fourth]
      assert.deepEqual(await store.renewAll(together, { leaseMs }), [
        { held: true, status: 'completed', asksRevision: 0 },
        { held: false, status: 'running', asksRevision: 0 },
        { held: true, status: 'running', asksRevision: 0 },
        { held: true, status: 'running', asksRevision: 0 },
        { held: false, status: 'running', asksRevision: 0 },
        { held: true, status: 'cancelled', asksRevision: 0 },
      ])
    },
  },
  {
    name: 'leases renewed together are held past their first expiry, and one that was taken over is not extended',
    run: async (subject) => {
      const { store } = subject
      const mine = [await newTurn(subject), await newTurn(subject)]
      const other = await newTurn(subject)
      const leases = []
      for (const ids of [...mine, other]) leases.push((await mustClaim(store, ids)).lease)
      subject.advance(leaseMs * 2)
      await mustClaim(subject.another(), other, 'worker-2')
      await store.renewAll(leases, { leaseMs: leaseMs * 3 })
      subject.advance(leaseMs * 2)
      for (const ids of mine) {
        const claim = await subject.another().claim({ ...ids, owner: 'worker-3', leaseMs })
        assert.ok(!claim.claimed && claim.reason === 'busy', 'a renewed lease is held')
      }
      await mustClaim(subject.another(), other, 'worker-3')
    },
  },
  {
    name: 'a lease that is given twice, and an older one of its conversation, are answered each for itself',
    run: async (subject) => {
      const ids = await newTurn(subject)
      const { lease: old } = await mustClaim(subject.store, ids)
      subject.advance(leaseMs * 2)
      const { lease } = await mustClaim(subject.another(), ids, 'worker-2')
      const renewals = await subject.store.renewAll([lease, old, lease], { leaseMs })
      assert.deepEqual(
        renewals.map((renewal) => renewal?.held),
        [true, false, true],
      )
    },
  },
  {
    name: 'renewing no leases, or the same ones again at the same instant, is no failure',
    run: async (subject) => {
      assert.deepEqual(await subject.store.renewAll([], { leaseMs }), [])
      const leases = []
      for (let count = 0; count < 3; count += 1) {
        leases.push((await mustClaim(subject.store, await newTurn(subject))).lease)
      }
      for (let time = 0; time < 3; time += 1) {
        const renewals = await subject.store.renewAll(leases, { leaseMs })
        assert.deepEqual(
          renewals.map((renewal) => renewal?.held),
          [true, true, true],
        )
      }
    },
  },
]
