import assert from 'node:assert/strict'
import { completed, newTurn, leaseMs, mustClaim, mustRead } from './subject.js'
import type { SessionStoreCase } from './subject.js'

/** @internal */
export const claimCases: readonly SessionStoreCase[] = [
  {
    name: 'claim moves a pending turn to running and names the lease',
    run: async (subject) => {
      const { store } = subject
      const ids = await newTurn(subject)
      const { lease, conversation, turn } = await mustClaim(store, ids)
      assert.equal(lease.conversationId, ids.conversationId)
      assert.equal(lease.turnId, ids.turnId)
      assert.equal(lease.owner, 'worker-1')
      assert.ok(lease.fence >= 1, 'the fence counts from 1')
      const { title: _title, server: _server, ...known } = conversation
      assert.deepEqual(known, {
        id: ids.conversationId,
        sessionId: null,
        rules: null,
        fence: lease.fence,
      })
      assert.equal(turn.status, 'running')
      assert.equal(turn.prompt, null)
      assert.equal(turn.reply, null)
      assert.ok(turn.startedAt !== null, 'the start is recorded')
      assert.deepEqual(await mustRead(store, ids.turnId), turn)
    },
  },
  {
    name: 'claim of a message that is not there, or is of another conversation, is missing',
    run: async (subject) => {
      const { store } = subject
      const one = await newTurn(subject)
      const other = await newTurn(subject)
      const wrong = { conversationId: one.conversationId, turnId: other.turnId }
      const result = await store.claim({ ...wrong, owner: 'worker-1', leaseMs })
      assert.deepEqual(result, {
        claimed: false,
        reason: 'missing',
        turn: null,
        heldUntil: null,
        sameOwner: false,
      })
      assert.equal((await mustRead(store, other.turnId)).status, 'pending')
      await mustClaim(store, one)
      await mustClaim(store, other)
    },
  },
  {
    name: 'a held turn is busy for another owner, and says until when',
    run: async (subject) => {
      const ids = await newTurn(subject)
      const { lease } = await mustClaim(subject.store, ids)
      const result = await subject.another().claim({ ...ids, owner: 'worker-2', leaseMs })
      assert.ok(!result.claimed)
      assert.equal(result.reason, 'busy')
      assert.equal(result.heldUntil, lease.expiresAt)
      assert.equal(result.sameOwner, false)
      assert.equal(result.turn?.status, 'running')
    },
  },
  {
    name: 'a conversation runs one turn: its other messages are busy, for the same owner too',
    run: async (subject) => {
      const ids = await newTurn(subject)
      const turnId = await subject.insertTurn(ids.conversationId)
      await mustClaim(subject.store, ids)
      for (const owner of ['worker-1', 'worker-2']) {
        const result = await subject.store.claim({ ...ids, turnId, owner, leaseMs })
        assert.ok(!result.claimed)
        assert.equal(result.reason, 'busy')
        assert.equal(result.turn?.status, 'pending')
      }
    },
  },
  {
    name: 'another owner gets the turn when the lease has expired, and not before',
    run: async (subject) => {
      const ids = await newTurn(subject)
      const { lease } = await mustClaim(subject.store, ids)
      subject.advance(leaseMs / 2)
      const early = await subject.another().claim({ ...ids, owner: 'worker-2', leaseMs })
      assert.equal(early.claimed, false)
      subject.advance(leaseMs)
      const late = await mustClaim(subject.another(), ids, 'worker-2')
      assert.ok(late.lease.fence > lease.fence)
    },
  },
  {
    name: 'a renewed lease is held past its first expiry',
    run: async (subject) => {
      const ids = await newTurn(subject)
      const { lease } = await mustClaim(subject.store, ids)
      subject.advance(leaseMs / 2)
      const renewed = await subject.store.renew(lease, { leaseMs })
      assert.deepEqual(renewed, { held: true, status: 'running', asksRevision: 0 })
      subject.advance(leaseMs * 0.75)
      const result = await subject.another().claim({ ...ids, owner: 'worker-2', leaseMs })
      assert.equal(result.claimed, false)
    },
  },
  {
    name: 'a lease that expired and that no one took can be renewed',
    run: async (subject) => {
      const ids = await newTurn(subject)
      const { lease } = await mustClaim(subject.store, ids)
      subject.advance(leaseMs * 2)
      assert.equal((await subject.store.renew(lease, { leaseMs })).held, true)
      const result = await subject.another().claim({ ...ids, owner: 'worker-2', leaseMs })
      assert.equal(result.claimed, false)
    },
  },
  {
    name: 'renew says that the lease was taken over, and does not extend the new one',
    run: async (subject) => {
      const ids = await newTurn(subject)
      const { lease } = await mustClaim(subject.store, ids)
      subject.advance(leaseMs * 2)
      await mustClaim(subject.another(), ids, 'worker-2')
      const renewed = await subject.store.renew(lease, { leaseMs: leaseMs * 100 })
      assert.deepEqual(renewed, { held: false, status: 'running', asksRevision: 0 })
      subject.advance(leaseMs * 2)
      await mustClaim(subject.another(), ids, 'worker-3')
    },
  },
  {
    name: 'a turn that this lease settled is still held, and its lease can be renewed until release',
    run: async (subject) => {
      const ids = await newTurn(subject)
      const { lease } = await mustClaim(subject.store, ids)
      await subject.store.settle(lease, completed)
      for (let beat = 0; beat < 3; beat += 1) {
        subject.advance(leaseMs * 2)
        const renewed = await subject.store.renew(lease, { leaseMs })
        assert.deepEqual(renewed, { held: true, status: 'completed', asksRevision: 0 })
      }
      const result = await subject.another().claim({ ...ids, owner: 'worker-2', leaseMs })
      assert.ok(!result.claimed && result.reason === 'settled')
    },
  },
  {
    name: 'two renewals at the same moment are both held',
    run: async (subject) => {
      const ids = await newTurn(subject)
      const { lease } = await mustClaim(subject.store, ids)
      const renewals = [1, 2].map(() => subject.store.renew(lease, { leaseMs }))
      for (const { held } of await Promise.all(renewals)) assert.equal(held, true)
    },
  },
  {
    name: 'a claim that is given up leaves the conversation free',
    run: async (subject) => {
      const ids = await newTurn(subject)
      const reason = new Error('enough')
      const claim = { ...ids, owner: 'worker-1', leaseMs, signal: AbortSignal.abort(reason) }
      await assert.rejects(subject.store.claim(claim), (error) => error === reason)
      await mustClaim(subject.another(), ids, 'worker-2')
    },
  },
  {
    name: 'release frees the conversation, and a released lease cannot be renewed',
    run: async (subject) => {
      const ids = await newTurn(subject)
      const { lease } = await mustClaim(subject.store, ids)
      await subject.store.release(lease)
      const renewed = await subject.store.renew(lease, { leaseMs })
      assert.deepEqual(renewed, { held: false, status: 'running', asksRevision: 0 })
      await mustClaim(subject.another(), ids, 'worker-2')
    },
  },
  {
    name: 'release of a lease that was taken over leaves the new holder alone',
    run: async (subject) => {
      const ids = await newTurn(subject)
      const { lease } = await mustClaim(subject.store, ids)
      subject.advance(leaseMs * 2)
      const taken = await mustClaim(subject.another(), ids, 'worker-2')
      await subject.store.release(lease)
      assert.equal((await subject.another().renew(taken.lease, { leaseMs })).held, true)
      const result = await subject.store.claim({ ...ids, owner: 'worker-1', leaseMs })
      assert.equal(result.claimed, false)
    },
  },
  {
    name: 'a turn that is over answers settled with its record, whoever asks',
    run: async (subject) => {
      const ids = await newTurn(subject)
      const { lease } = await mustClaim(subject.store, ids)
      assert.equal(await subject.store.settle(lease, completed), true)
      for (const owner of ['worker-2', 'worker-1']) {
        const result = await subject.another().claim({ ...ids, owner, leaseMs })
        assert.ok(!result.claimed)
        assert.equal(result.reason, 'settled')
        assert.equal(result.turn?.text, completed.text)
        assert.equal(result.turn?.status, 'completed')
      }
    },
  },
  {
    name: 'settle keeps the conversation held until release, then its next turn can run',
    run: async (subject) => {
      const ids = await newTurn(subject)
      const next = { ...ids, turnId: await subject.insertTurn(ids.conversationId) }
      const { lease } = await mustClaim(subject.store, ids)
      await subject.store.settle(lease, completed)
      const early = await subject.another().claim({ ...next, owner: 'worker-2', leaseMs })
      assert.equal(early.claimed, false)
      await subject.store.release(lease)
      await mustClaim(subject.another(), next, 'worker-2')
    },
  },
]
