import assert from 'node:assert/strict'
import {
  absentKey,
  assertPowerless,
  completed,
  firstPrompt,
  leaseMs,
  mustClaim,
  mustRead,
  newTurn,
} from './subject.js'
import type { SessionStoreCase } from './subject.js'

/** @internal */
export const conversationClaimCases: readonly SessionStoreCase[] = [
  {
    name: 'a conversation is claimed without a turn, and what was left in it is finished',
    run: async (subject) => {
      const ids = await newTurn(subject)
      const { lease: old } = await mustClaim(subject.store, ids)
      await subject.store.recordPrompt(old, firstPrompt)
      subject.advance(leaseMs * 2)
      const store = subject.another()
      const { conversationId } = ids
      const claim = await store.claimConversation({ conversationId, owner: 'worker-2', leaseMs })
      assert.ok(claim.claimed)
      assert.equal(claim.lease.turnId, null)
      assert.deepEqual(
        claim.leftovers.map(({ turnId }) => String(turnId)),
        [String(ids.turnId)],
      )
      assert.deepEqual(await store.renew(claim.lease, { leaseMs }), {
        held: true,
        status: 'running',
        asksRevision: 0,
      })
      const adopted = await store.adopt(claim.lease, ids.turnId)
      assert.ok(adopted !== null)
      await assertPowerless(subject.store, old)
      assert.equal(await store.settle(adopted.lease, completed), true)
      assert.equal(await store.closeTurn(adopted.lease), true)
      await store.release(claim.lease)
      assert.equal((await mustRead(subject.store, ids.turnId)).status, 'completed')
      assert.equal((await store.renew(claim.lease, { leaseMs })).held, false)
    },
  },
  {
    name: 'a claimed conversation is busy for its turns, and a running turn makes its conversation busy',
    run: async (subject) => {
      const ids = await newTurn(subject)
      const request = { conversationId: ids.conversationId, owner: 'worker-1', leaseMs }
      const claim = await subject.store.claimConversation(request)
      assert.ok(claim.claimed)
      const refused = await subject.another().claim({ ...ids, owner: 'worker-2', leaseMs })
      assert.ok(!refused.claimed && refused.reason === 'busy')
      assert.equal(refused.heldUntil, claim.lease.expiresAt)
      await subject.store.release(claim.lease)
      const { lease } = await mustClaim(subject.another(), ids, 'worker-2')
      assert.deepEqual(await subject.store.claimConversation(request), {
        claimed: false,
        reason: 'busy',
        heldUntil: lease.expiresAt,
        sameOwner: false,
      })
    },
  },
  {
    name: 'a conversation that is not there cannot be claimed',
    run: async (subject) => {
      const conversationId = absentKey(await subject.insertConversation())
      const request = { conversationId, owner: 'worker-1', leaseMs }
      assert.deepEqual(await subject.store.claimConversation(request), {
        claimed: false,
        reason: 'missing',
        heldUntil: null,
        sameOwner: false,
      })
    },
  },
  {
    name: 'of many that claim one conversation at once, exactly one gets it',
    run: async (subject) => {
      const { conversationId } = await newTurn(subject)
      const claims = await Promise.all(
        Array.from({ length: 8 }, (_, n) =>
          subject.another().claimConversation({ conversationId, owner: `worker-${n}`, leaseMs }),
        ),
      )
      assert.equal(claims.filter(({ claimed }) => claimed).length, 1)
    },
  },
]
