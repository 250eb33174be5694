import assert from 'node:assert/strict'
import {
  completed,
  failed,
  firstPrompt,
  leaseMs,
  mustClaim,
  mustRead,
  newTurn,
  partial,
} from './subject.js'
import type { SessionStoreCase } from './subject.js'

/** @internal What a worker repeats because the answer was lost. */
export const repeatCases: readonly SessionStoreCase[] = [
  {
    name: 'the same prompt and the same snapshot may be stored again',
    run: async (subject) => {
      const ids = await newTurn(subject)
      const { lease } = await mustClaim(subject.store, ids)
      for (let time = 0; time < 3; time += 1) {
        assert.equal(await subject.store.recordPrompt(lease, firstPrompt), true)
        assert.equal(await subject.store.snapshot(lease, partial), true)
      }
    },
  },
  {
    name: 'the same end again is ours, and changes nothing',
    run: async (subject) => {
      for (const settlement of [
        completed,
        failed,
        { ...completed, status: 'cancelled' } as const,
      ]) {
        const ids = await newTurn(subject)
        const { lease } = await mustClaim(subject.store, ids)
        assert.equal(await subject.store.settle(lease, settlement), true)
        const before = await mustRead(subject.store, ids.turnId)
        subject.advance(5)
        assert.equal(await subject.store.settle(lease, settlement), true)
        const { revision } = before
        assert.deepEqual({ ...(await mustRead(subject.store, ids.turnId)), revision }, before)
      }
    },
  },
  {
    name: 'the same end again is ours after the conversation went on, too',
    run: async (subject) => {
      const ids = await newTurn(subject)
      const next = { ...ids, turnId: await subject.insertTurn(ids.conversationId) }
      const { lease } = await mustClaim(subject.store, ids)
      await subject.store.settle(lease, completed)
      subject.advance(leaseMs * 2)
      await mustClaim(subject.another(), next, 'worker-2')
      assert.equal(await subject.store.settle(lease, completed), true)
      assert.equal(await subject.store.settle(lease, failed), false)
    },
  },
  {
    name: "an end as cancelled that finds the user's cancel keeps what there was, and the user's reason",
    run: async (subject) => {
      const ids = await newTurn(subject)
      const { lease } = await mustClaim(subject.store, ids)
      await subject.another().cancel({ turnId: ids.turnId, reason: 'user' })
      const end = { ...completed, status: 'cancelled', reason: 'shutdown' } as const
      assert.equal(await subject.store.settle(lease, end), true)
      const turn = await mustRead(subject.store, ids.turnId)
      assert.equal(turn.status, 'cancelled')
      assert.equal(turn.reason, 'user')
      assert.equal(turn.text, completed.text)
    },
  },
  {
    name: 'keepPartial may be repeated',
    run: async (subject) => {
      const ids = await newTurn(subject)
      const { lease } = await mustClaim(subject.store, ids)
      await subject.another().cancel({ turnId: ids.turnId })
      for (let time = 0; time < 2; time += 1) {
        assert.equal(await subject.store.keepPartial(lease, partial), true)
      }
    },
  },
]
