import assert from 'node:assert/strict'
import { lineInput as input, withInbox } from '../queueing.js'
import { firstPrompt, leaseMs, mustClaim, mustRead } from '../subject.js'
import type { SessionStoreCase } from '../subject.js'
import { allow, askingTurn } from './subject.js'

/** @internal A line behind a turn that waits for a person. */
export const parkedLineCases: readonly SessionStoreCase[] = [
  {
    name: 'a message in the line of a conversation whose turn waits is not claimed, and says which one is to be run first',
    needs: 'inbox',
    run: async (plain) => {
      const subject = withInbox(plain)
      const { conversationId, turnId, lease } = await askingTurn(subject)
      await subject.store.recordPrompt(lease, firstPrompt)
      const given = await subject.insertTurn(conversationId)
      const steer = { conversationId, turnId: given, input, delivery: 'steer' } as const
      await subject.store.enqueue(steer)
      assert.ok(await subject.store.takeSteer(lease, given, { ...firstPrompt, id: 'msg_2' }))
      assert.ok(await subject.store.park(lease, { dueAt: null }))
      await subject.store.release(lease)
      const waiting = await subject.insertTurn(conversationId)
      const queued = { conversationId, turnId: waiting, input }
      assert.deepEqual(await subject.another().enqueue({ ...queued, delivery: 'steer' }), {
        accepted: true,
        delivery: 'steer',
        steers: [],
      })
      const owner = 'worker-2'
      for (const each of [waiting, given]) {
        const request = { conversationId, turnId: each, owner, leaseMs }
        const { turn: _, ...claim } = await subject.another().claim(request)
        const none = { heldUntil: null, sameOwner: false }
        assert.deepEqual(claim, { claimed: false, reason: 'queued', first: turnId, ...none })
      }
      assert.equal((await mustRead(subject.store, waiting)).status, 'pending')
      await subject.another().answerAsk({ turnId, askId: 'per_1', decision: allow })
      const { leftovers } = await mustClaim(subject.another(), { conversationId, turnId }, owner)
      assert.deepEqual(
        leftovers.map((each) => [each.turnId, each.status]),
        [[given, 'running']],
      )
      assert.equal(await subject.store.nextInLine(conversationId), waiting)
    },
  },
  {
    name: 'a turn that waits for a person is taken: it is neither withdrawn nor put in the line',
    needs: 'inbox',
    run: async (plain) => {
      const subject = withInbox(plain)
      const { conversationId, turnId, lease } = await askingTurn(subject)
      assert.ok(await subject.store.park(lease, { dueAt: null }))
      await subject.store.release(lease)
      assert.equal(await subject.another().withdraw(turnId), 'taken')
      const refused = await subject.another().enqueue({ conversationId, turnId, input })
      assert.deepEqual(refused, { accepted: false, reason: 'taken' })
      assert.equal((await mustRead(subject.store, turnId)).status, 'waiting')
    },
  },
  {
    name: 'of a park and claims of the line at once, no message begins beside the turn that waits',
    needs: 'inbox',
    run: async (plain) => {
      const subject = withInbox(plain)
      for (let round = 0; round < 5; round += 1) {
        const { conversationId, turnId, lease } = await askingTurn(subject)
        const next = await subject.insertTurn(conversationId)
        await subject.store.enqueue({ conversationId, turnId: next, input })
        const leave = async (): Promise<void> => {
          assert.ok(await subject.store.park(lease, { dueAt: null }))
          await subject.store.release(lease)
        }
        const request = { conversationId, turnId: next, owner: 'worker-2', leaseMs }
        const claim = async (): Promise<void> => {
          for (let tries = 0; tries < 4; tries += 1) {
            assert.equal((await subject.another().claim(request)).claimed, false)
          }
        }
        await Promise.all([leave(), claim(), claim()])
        assert.equal((await mustRead(subject.store, turnId)).status, 'waiting')
        assert.equal((await mustRead(subject.store, next)).status, 'pending')
      }
    },
  },
]
