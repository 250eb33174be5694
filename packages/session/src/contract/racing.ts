import assert from 'node:assert/strict'
import { completed, newTurn, leaseMs, mustClaim, mustRead } from './subject.js'
import type { SessionStoreCase } from './subject.js'

const racers = 8
const rounds = 6

/** @internal */
export const raceCases: readonly SessionStoreCase[] = [
  {
    name: 'of many workers that claim one turn at once, exactly one gets it',
    run: async (subject) => {
      for (let round = 0; round < rounds; round += 1) {
        const ids = await newTurn(subject)
        const results = await Promise.all(
          Array.from({ length: racers }, (_, n) =>
            subject.another().claim({ ...ids, owner: `worker-${n}`, leaseMs }),
          ),
        )
        assert.equal(results.filter(({ claimed }) => claimed).length, 1)
      }
    },
  },
  {
    name: 'of many turns of one conversation that are claimed at once, exactly one starts',
    run: async (subject) => {
      const conversationId = await subject.insertConversation()
      const turnIds = []
      for (let n = 0; n < racers; n += 1) turnIds.push(await subject.insertTurn(conversationId))
      const results = await Promise.all(
        turnIds.map((turnId) =>
          subject.another().claim({ conversationId, turnId, owner: 'worker', leaseMs }),
        ),
      )
      assert.equal(results.filter(({ claimed }) => claimed).length, 1)
      const turns = await Promise.all(turnIds.map((id) => mustRead(subject.store, id)))
      assert.equal(turns.filter(({ status }) => status === 'running').length, 1)
    },
  },
  {
    name: 'of many workers that take over an expired lease at once, exactly one gets it',
    run: async (subject) => {
      for (let round = 0; round < rounds; round += 1) {
        const ids = await newTurn(subject)
        await mustClaim(subject.store, ids, 'gone')
        subject.advance(leaseMs * 2)
        const results = await Promise.all(
          Array.from({ length: racers }, (_, n) =>
            subject.another().claim({ ...ids, owner: `worker-${n}`, leaseMs }),
          ),
        )
        assert.equal(results.filter(({ claimed }) => claimed).length, 1)
      }
    },
  },
  {
    name: 'of a cancel and a completion at the same time exactly one wins, and the row says which',
    run: async (subject) => {
      for (let round = 0; round < rounds; round += 1) {
        const ids = await newTurn(subject)
        const { lease } = await mustClaim(subject.store, ids)
        const settle = () => subject.store.settle(lease, completed)
        const cancel = () => subject.another().cancel({ turnId: ids.turnId })
        // On one connection the first call wins, so each gets its turn at being first.
        const [settled, cancelled] =
          round % 2 === 0
            ? await Promise.all([settle(), cancel()])
            : (await Promise.all([cancel(), settle()])).toReversed()
        assert.notEqual(settled, cancelled, 'exactly one of the two')
        const turn = await mustRead(subject.store, ids.turnId)
        assert.equal(turn.status, settled ? 'completed' : 'cancelled')
      }
    },
  },
  {
    name: 'of a late completion and a take-over at the same time the row follows one of them whole',
    run: async (subject) => {
      for (let round = 0; round < rounds; round += 1) {
        const ids = await newTurn(subject)
        const { lease } = await mustClaim(subject.store, ids)
        subject.advance(leaseMs * 2)
        const [settled, taken] = await Promise.all([
          subject.store.settle(lease, completed),
          subject.another().claim({ ...ids, owner: 'worker-2', leaseMs }),
        ])
        const turn = await mustRead(subject.store, ids.turnId)
        assert.equal(turn.status, settled ? 'completed' : 'running')
        assert.equal(taken.claimed, !settled, 'a settled turn is not claimed')
      }
    },
  },
]
