import assert from 'node:assert/strict'
import {
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
export const fenceCases: readonly SessionStoreCase[] = [
  {
    name: 'a worker that was paused past its lease changes nothing after another took the turn',
    run: async (subject) => {
      const ids = await newTurn(subject)
      const { lease } = await mustClaim(subject.store, ids)
      subject.advance(leaseMs * 2)
      const taken = await mustClaim(subject.another(), ids, 'worker-2')
      await assertPowerless(subject.store, lease)
      assert.equal(await subject.another().settle(taken.lease, completed), true)
      await assertPowerless(subject.store, lease)
    },
  },
  {
    name: 'a worker that was paused past its lease changes nothing after another took the next turn',
    run: async (subject) => {
      const ids = await newTurn(subject)
      const next = { ...ids, turnId: await subject.insertTurn(ids.conversationId) }
      const { lease } = await mustClaim(subject.store, ids)
      subject.advance(leaseMs * 2)
      await mustClaim(subject.another(), next, 'worker-2')
      await assertPowerless(subject.store, lease)
    },
  },
  {
    name: 'a worker whose turn was cancelled and whose conversation went on keeps nothing partial',
    run: async (subject) => {
      const ids = await newTurn(subject)
      const next = { ...ids, turnId: await subject.insertTurn(ids.conversationId) }
      const { lease } = await mustClaim(subject.store, ids)
      await subject.store.cancel({ turnId: ids.turnId })
      subject.advance(leaseMs * 2)
      await mustClaim(subject.another(), next, 'worker-2')
      await assertPowerless(subject.store, lease)
    },
  },
  {
    name: 'a restarted worker takes the rights of its own earlier life',
    run: async (subject) => {
      const ids = await newTurn(subject)
      const { lease } = await mustClaim(subject.store, ids)
      subject.advance(leaseMs / 2)
      const again = await mustClaim(subject.restarted(), ids)
      await assertPowerless(subject.store, lease)
      assert.equal(await subject.another().settle(again.lease, completed), true)
    },
  },
  {
    name: 'a new claim finds the prompt and the snapshot that an earlier worker stored',
    run: async (subject) => {
      const ids = await newTurn(subject)
      const { lease } = await mustClaim(subject.store, ids)
      assert.equal(await subject.store.recordPrompt(lease, firstPrompt), true)
      assert.equal(await subject.store.snapshot(lease, { reply: { n: 1 }, text: 'So far' }), true)
      subject.advance(leaseMs * 2)
      const { turn } = await mustClaim(subject.another(), ids, 'worker-2')
      assert.deepEqual(turn.prompt, firstPrompt)
      assert.deepEqual(turn.reply, { n: 1 })
      assert.equal(turn.text, 'So far')
    },
  },
  {
    name: 'a turn is settled once, and nothing is written after its end',
    run: async (subject) => {
      const ids = await newTurn(subject)
      const { lease } = await mustClaim(subject.store, ids)
      assert.equal(await subject.store.settle(lease, completed), true)
      await assertPowerless(subject.store, lease)
      assert.equal((await mustRead(subject.store, ids.turnId)).status, 'completed')
    },
  },
  {
    name: 'leases of different conversations do not touch each other',
    run: async (subject) => {
      const one = await newTurn(subject)
      const other = await newTurn(subject)
      const { lease } = await mustClaim(subject.store, one)
      const second = await mustClaim(subject.another(), other, 'worker-2')
      assert.equal(await subject.store.settle(lease, completed), true)
      assert.equal((await mustRead(subject.store, other.turnId)).status, 'running')
      assert.equal(await subject.another().settle(second.lease, completed), true)
    },
  },
]
