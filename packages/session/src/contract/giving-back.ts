import assert from 'node:assert/strict'
import { line, withInbox } from './queueing.js'
import {
  assertPowerless,
  completed,
  firstPrompt,
  leaseMs,
  mustClaim,
  mustRead,
  newTurn,
} from './subject.js'
import type { RowId } from '../records.js'
import type { SessionStoreCase } from './subject.js'

/** @internal */
export const giveBackCases: readonly SessionStoreCase[] = [
  {
    name: 'a turn that was asked nothing is given back as it was, once the lease is released for any worker',
    run: async (subject) => {
      const ids = await newTurn(subject)
      const claim = { ...ids, owner: 'worker-1', leaseMs, input: { text: 'Hello' } }
      const first = await subject.store.claim(claim)
      assert.ok(first.claimed)
      const { lease } = first
      assert.equal(await subject.store.giveBack(lease), true)
      const { status, input, startedAt, closedAt } = await mustRead(subject.store, ids.turnId)
      assert.deepEqual({ status, input }, { status: 'pending', input: { text: 'Hello' } })
      assert.deepEqual({ startedAt, closedAt }, { startedAt: null, closedAt: null })
      assert.equal(await subject.another().giveBack(lease), true, 'said again')
      await assertPowerless(subject.store, lease)
      await subject.store.release(lease)
      const again = await mustClaim(subject.another(), ids, 'worker-2')
      assert.equal(again.turn.status, 'running')
      assert.notEqual(again.turn.startedAt, null)
      assert.deepEqual(again.leftovers, [])
      assert.equal(await subject.store.settle(again.lease, completed), true)
    },
  },
  {
    name: 'only what was asked nothing is given back, and only under the newest lease',
    run: async (subject) => {
      const { store } = subject
      const asked = await newTurn(subject)
      const { lease } = await mustClaim(store, asked)
      await store.recordPrompt(lease, firstPrompt)
      assert.equal(await store.giveBack(lease), false, 'it has a prompt')
      assert.equal((await mustRead(store, asked.turnId)).status, 'running')
      await store.settle(lease, completed)
      assert.equal(await store.giveBack(lease), false, 'it is over')
      assert.equal((await mustRead(store, asked.turnId)).status, 'completed')

      const left = await newTurn(subject)
      const { lease: old } = await mustClaim(store, left)
      subject.advance(leaseMs * 2)
      const { lease: newest } = await mustClaim(subject.another(), left, 'worker-2')
      assert.equal(await store.giveBack(old), false, 'another worker has it')
      assert.equal((await mustRead(store, left.turnId)).status, 'running')
      assert.equal(await store.cancel({ turnId: left.turnId }), true)
      assert.equal(await store.giveBack(newest), false, 'it was cancelled')
      assert.equal((await mustRead(store, left.turnId)).status, 'cancelled')
    },
  },
  {
    name: 'a turn that is given back has its place in the line, and may be withdrawn',
    needs: 'inbox',
    run: async (plain) => {
      const subject = withInbox(plain)
      const { store } = subject
      const { conversationId, turnIds } = await line(subject, 2)
      const [first, second] = turnIds as [RowId, RowId]
      const { lease } = await mustClaim(store, { conversationId, turnId: first })
      assert.equal(await store.nextInLine(conversationId), second)
      assert.equal(await store.giveBack(lease), true)
      await store.release(lease)
      assert.equal(await store.nextInLine(conversationId), first)
      const early = { conversationId, turnId: second, owner: 'worker-2', leaseMs }
      const refused = await subject.another().claim(early)
      assert.ok(!refused.claimed && refused.reason === 'queued')
      assert.deepEqual(refused.first, first)
      assert.equal(await subject.another().withdraw(first), 'withdrawn')
      await mustClaim(subject.another(), { conversationId, turnId: second }, 'worker-2')
    },
  },
]
