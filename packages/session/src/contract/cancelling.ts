import assert from 'node:assert/strict'
import { completed, newTurn, leaseMs, mustClaim, mustRead, partial } from './subject.js'
import type { SessionStoreCase } from './subject.js'

/** @internal */
export const cancelCases: readonly SessionStoreCase[] = [
  {
    name: 'cancel ends a pending turn, which then cannot be claimed',
    run: async (subject) => {
      const ids = await newTurn(subject)
      assert.equal(await subject.store.cancel({ turnId: ids.turnId, reason: 'user' }), true)
      const result = await subject.store.claim({ ...ids, owner: 'worker-1', leaseMs })
      assert.ok(!result.claimed)
      assert.equal(result.reason, 'settled')
      assert.equal(result.turn?.status, 'cancelled')
      assert.equal(result.turn?.reason, 'user')
      const next = await subject.insertTurn(ids.conversationId)
      await mustClaim(subject.store, { ...ids, turnId: next })
    },
  },
  {
    name: 'cancel ends a running turn, and the worker learns it when it renews',
    run: async (subject) => {
      const ids = await newTurn(subject)
      const { lease } = await mustClaim(subject.store, ids)
      assert.equal(await subject.another().cancel({ turnId: ids.turnId }), true)
      assert.deepEqual(await subject.store.renew(lease, { leaseMs }), {
        held: true,
        status: 'cancelled',
        asksRevision: 0,
      })
    },
  },
  {
    name: 'a cancel beats a completion that comes later',
    run: async (subject) => {
      const ids = await newTurn(subject)
      const { lease } = await mustClaim(subject.store, ids)
      await subject.another().cancel({ turnId: ids.turnId, reason: 'user' })
      assert.equal(await subject.store.settle(lease, completed), false)
      assert.equal(await subject.store.snapshot(lease, completed), false)
      const turn = await mustRead(subject.store, ids.turnId)
      assert.equal(turn.status, 'cancelled')
      assert.equal(turn.text, null)
      assert.ok(turn.settledAt !== null, 'the end is recorded')
    },
  },
  {
    name: 'a cancel that comes after the end changes nothing',
    run: async (subject) => {
      const ids = await newTurn(subject)
      const { lease } = await mustClaim(subject.store, ids)
      await subject.store.settle(lease, completed)
      const before = await mustRead(subject.store, ids.turnId)
      assert.equal(await subject.another().cancel({ turnId: ids.turnId }), false)
      assert.deepEqual(await mustRead(subject.store, ids.turnId), before)
    },
  },
  {
    name: 'a second cancel keeps the first one and its reason',
    run: async (subject) => {
      const { turnId } = await newTurn(subject)
      assert.equal(await subject.store.cancel({ turnId, reason: 'first' }), true)
      assert.equal(await subject.store.cancel({ turnId, reason: 'second' }), false)
      assert.equal((await mustRead(subject.store, turnId)).reason, 'first')
    },
  },
  {
    name: 'keepPartial stores what a cancelled turn had, and leaves its status and reason',
    run: async (subject) => {
      const ids = await newTurn(subject)
      const { lease } = await mustClaim(subject.store, ids)
      await subject.another().cancel({ turnId: ids.turnId, reason: 'user' })
      const before = await mustRead(subject.store, ids.turnId)
      assert.equal(await subject.store.keepPartial(lease, partial), true)
      const { revision, ...kept } = await mustRead(subject.store, ids.turnId)
      assert.deepEqual({ ...before, ...partial }, { ...kept, revision: before.revision })
      assert.ok(revision > before.revision)
    },
  },
  {
    name: 'keepPartial is refused while the turn runs and after it completed',
    run: async (subject) => {
      const ids = await newTurn(subject)
      const { lease } = await mustClaim(subject.store, ids)
      assert.equal(await subject.store.keepPartial(lease, partial), false)
      await subject.store.settle(lease, completed)
      assert.equal(await subject.store.keepPartial(lease, partial), false)
      assert.equal((await mustRead(subject.store, ids.turnId)).text, completed.text)
    },
  },
]
