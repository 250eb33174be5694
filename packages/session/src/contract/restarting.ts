import assert from 'node:assert/strict'
import { completed, leaseMs, mustClaim, newTurn } from './subject.js'
import type { SessionStoreCase } from './subject.js'

/** @internal What an owner's name is good for, and what not. */
export const restartCases: readonly SessionStoreCase[] = [
  {
    name: 'the same process is refused while it runs the turn, also under the same name',
    run: async (subject) => {
      const ids = await newTurn(subject)
      const { lease } = await mustClaim(subject.store, ids)
      subject.advance(leaseMs * 0.9)
      const result = await subject.another().claim({ ...ids, owner: 'worker-1', leaseMs })
      assert.ok(!result.claimed)
      assert.equal(result.reason, 'busy')
      assert.equal(result.sameOwner, true)
      assert.equal(result.heldUntil, lease.expiresAt)
      subject.advance(leaseMs * 0.2)
      await mustClaim(subject.another(), ids)
    },
  },
  {
    name: 'a restarted owner may claim its turn after three tenths of the lease, and learns until when it must wait',
    run: async (subject) => {
      const ids = await newTurn(subject)
      const first = await mustClaim(subject.store, ids)
      subject.advance(leaseMs * 0.2)
      const early = await subject.restarted().claim({ ...ids, owner: 'worker-1', leaseMs })
      assert.ok(!early.claimed)
      assert.equal(early.reason, 'busy')
      assert.equal(early.sameOwner, true)
      assert.equal(early.heldUntil, first.lease.expiresAt - leaseMs * 0.7)
      subject.advance(leaseMs * 0.11)
      const second = await mustClaim(subject.restarted(), ids)
      assert.ok(second.lease.fence > first.lease.fence)
      assert.equal(second.turn.startedAt, first.turn.startedAt)
    },
  },
  {
    name: 'an owner that renews is alive, whoever else uses its name',
    run: async (subject) => {
      const ids = await newTurn(subject)
      const { lease } = await mustClaim(subject.store, ids)
      for (let beat = 0; beat < 12; beat += 1) {
        subject.advance(leaseMs / 10)
        assert.equal((await subject.store.renew(lease, { leaseMs })).held, true)
        const copy = await subject.restarted().claim({ ...ids, owner: 'worker-1', leaseMs })
        assert.equal(copy.claimed, false)
      }
    },
  },
  {
    name: 'a restarted owner waits for the expiry like others when its old lease is for another turn',
    run: async (subject) => {
      const ids = await newTurn(subject)
      const next = { ...ids, turnId: await subject.insertTurn(ids.conversationId) }
      const { lease } = await mustClaim(subject.store, ids)
      subject.advance(leaseMs * 0.9)
      const result = await subject.restarted().claim({ ...next, owner: 'worker-1', leaseMs })
      assert.ok(!result.claimed)
      assert.equal(result.sameOwner, true)
      assert.equal(result.heldUntil, lease.expiresAt)
      subject.advance(leaseMs * 0.2)
      await mustClaim(subject.restarted(), next)
    },
  },
  {
    name: 'a claim of a turn that is over gives back the lease that an earlier life of its owner left, and no other',
    run: async (subject) => {
      const ids = await newTurn(subject)
      const next = { ...ids, turnId: await subject.insertTurn(ids.conversationId) }
      const { lease } = await mustClaim(subject.store, ids)
      await subject.store.settle(lease, completed)
      await subject.restarted().claim({ ...ids, owner: 'worker-2', leaseMs })
      await subject.another().claim({ ...ids, owner: 'worker-1', leaseMs })
      assert.equal((await subject.store.renew(lease, { leaseMs })).held, true)
      await subject.restarted().claim({ ...ids, owner: 'worker-1', leaseMs })
      const { lease: later } = await mustClaim(subject.another(), next, 'worker-2')
      await subject.restarted().claim({ ...ids, owner: 'worker-1', leaseMs })
      await subject.restarted().claim({ ...ids, owner: 'worker-2', leaseMs })
      assert.equal((await subject.another().renew(later, { leaseMs })).held, true)
    },
  },
]
