import assert from 'node:assert/strict'
import type { Lease, RowId } from '../../records.js'
import { parkedLineCases } from './parked-lines.js'
import { allow, askingTurn, permissionAsk } from './subject.js'
import {
  absentKey,
  assertPowerless,
  completed,
  firstPrompt,
  leaseMs,
  mustClaim,
  mustRead,
  newTurn,
} from '../subject.js'
import type { SessionStoreCase, SessionStoreSubject } from '../subject.js'

interface Parked {
  readonly conversationId: RowId
  readonly turnId: RowId
  readonly lease: Lease
}

const askMs = 3_600_000

/** A turn that waits for a person, and that no worker holds. */
async function parked(
  subject: SessionStoreSubject,
  waitMs: number | null = askMs,
): Promise<Parked> {
  const turn = await askingTurn(subject)
  await subject.store.recordPrompt(turn.lease, firstPrompt)
  const dueAt = waitMs === null ? null : turn.lease.expiresAt - leaseMs + waitMs
  assert.equal(await subject.store.park(turn.lease, { dueAt }), true)
  await subject.store.release(turn.lease)
  return turn
}

async function claimOf(
  subject: SessionStoreSubject,
  { conversationId }: Parked,
  turnId: RowId,
): Promise<unknown> {
  const request = { conversationId, turnId, owner: 'worker-2', leaseMs }
  const { turn: _, ...claim } = await subject.another().claim(request)
  return claim
}

/** What every store keeps that lets turns wait without a worker (`park`). */
export const parkingContract: readonly SessionStoreCase[] = [
  ...parkedLineCases,
  {
    name: 'a parked turn waits with its asks and its prompt, under no lease',
    run: async (subject) => {
      const { turnId, lease } = await parked(subject)
      const turn = await mustRead(subject.store, turnId)
      assert.equal(turn.status, 'waiting')
      assert.equal(turn.dueAt, lease.expiresAt - leaseMs + askMs)
      assert.equal(turn.waitingSince, 1_000)
      assert.deepEqual(turn.prompt, firstPrompt)
      assert.equal(turn.asks[0]?.state, 'open')
      assert.equal((await subject.store.renew(lease, { leaseMs })).held, false)
      await assertPowerless(subject.store, lease)
    },
  },
  {
    name: 'neither a parked turn nor another one of its conversation is claimed before it is due',
    run: async (subject) => {
      const turn = await parked(subject)
      const next = await subject.insertTurn(turn.conversationId)
      const heldUntil = turn.lease.expiresAt - leaseMs + askMs
      const refusal = { claimed: false, heldUntil, sameOwner: false }
      assert.deepEqual(await claimOf(subject, turn, turn.turnId), { ...refusal, reason: 'waiting' })
      assert.deepEqual(await claimOf(subject, turn, next), { ...refusal, reason: 'busy' })
      const [glance] = await subject.store.peek([next])
      assert.equal(glance?.waitsForTurn, true)
      subject.advance(askMs - 60_000)
      assert.deepEqual(await claimOf(subject, turn, next), { ...refusal, reason: 'busy' })
      assert.equal((await mustRead(subject.store, next)).status, 'pending')
    },
  },
  {
    name: 'an answer makes a parked turn due, and its claim runs it with the answer',
    run: async (subject) => {
      const turn = await parked(subject, null)
      const request = { turnId: turn.turnId, askId: 'per_1', decision: allow, by: 'ada' }
      subject.advance(5)
      const answer = await subject.another().answerAsk(request)
      assert.ok(answer.accepted && answer.isParked)
      const again = await subject.store.answerAsk(request)
      assert.ok(!again.accepted && again.reason === 'answered')
      const claim = await mustClaim(subject.another(), turn, 'worker-2')
      assert.equal(claim.turn.status, 'running')
      assert.equal(claim.turn.dueAt, null)
      assert.deepEqual(claim.turn.prompt, firstPrompt)
      assert.deepEqual(claim.turn.asks, [answer.ask])
      await assertPowerless(subject.store, turn.lease)
      assert.equal(await subject.another().settle(claim.lease, completed), true)
    },
  },
  {
    name: 'an answer to a turn that runs says that a worker has it',
    run: async (subject) => {
      const { turnId } = await askingTurn(subject)
      const answer = await subject.store.answerAsk({ turnId, askId: 'per_1', decision: allow })
      assert.ok(answer.accepted && !answer.isParked)
    },
  },
  {
    name: 'a parked turn is due when its time is over',
    run: async (subject) => {
      const turn = await parked(subject)
      subject.advance(askMs)
      const claim = await mustClaim(subject.another(), turn, 'worker-2')
      assert.equal(claim.turn.status, 'running')
      assert.equal(claim.turn.asks[0]?.state, 'open')
    },
  },
  {
    name: 'a turn that is claimed after a due one finds that among what was left, and runs it once adopted',
    run: async (subject) => {
      const turn = await parked(subject)
      const next = await subject.insertTurn(turn.conversationId)
      await subject.store.answerAsk({ turnId: turn.turnId, askId: 'per_1', decision: allow })
      const { lease, leftovers } = await mustClaim(
        subject.another(),
        { ...turn, turnId: next },
        'worker-2',
      )
      assert.deepEqual(
        leftovers.map(({ turnId, status }) => [String(turnId), status]),
        [[String(turn.turnId), 'waiting']],
      )
      const adopted = await subject.another().adopt(lease, turn.turnId)
      assert.equal(adopted?.turn.status, 'running')
      assert.ok(adopted !== null && (await subject.another().settle(adopted.lease, completed)))
    },
  },
  {
    name: 'a cancel ends a parked turn, and what is left of it is found',
    run: async (subject) => {
      const turn = await parked(subject)
      const next = await subject.insertTurn(turn.conversationId)
      assert.equal(await subject.another().cancel({ turnId: turn.turnId, reason: 'user' }), true)
      const { status, dueAt, waitingSince, closedAt } = await mustRead(subject.store, turn.turnId)
      assert.deepEqual(
        { status, dueAt, waitingSince, closedAt },
        {
          status: 'cancelled',
          dueAt: null,
          waitingSince: null,
          closedAt: null,
        },
      )
      const late = { turnId: turn.turnId, askId: 'per_1', decision: allow }
      const answer = await subject.store.answerAsk(late)
      assert.ok(!answer.accepted && answer.reason === 'settled')
      const { leftovers } = await mustClaim(subject.store, { ...turn, turnId: next }, 'worker-2')
      assert.deepEqual(
        leftovers.map(({ turnId }) => String(turnId)),
        [String(turn.turnId)],
      )
    },
  },
  {
    name: 'a turn parks only while it asks, runs under the lease, and has no answer to be sent',
    run: async (subject) => {
      const request = { dueAt: null }
      const idle = await newTurn(subject)
      const { lease: quiet } = await mustClaim(subject.store, idle)
      assert.equal(await subject.store.park(quiet, request), false, 'nothing is asked')
      const gone = { ...quiet, turnId: absentKey(idle.turnId) }
      assert.equal(await subject.store.park(gone, request), false, 'it is not there')

      const { turnId, lease } = await askingTurn(subject, [permissionAsk(), permissionAsk('per_2')])
      await subject.store.answerAsk({ turnId, askId: 'per_1', decision: allow })
      assert.equal(await subject.store.park(lease, request), false, 'there is an answer')
      await subject.store.updateAsks(lease, [{ type: 'sent', askId: 'per_1' }])
      subject.advance(leaseMs * 2)
      assert.equal(await subject.store.park(lease, request), true, 'no one has taken it')
      assert.equal(await subject.store.park(lease, request), true, 'may be repeated')
      await subject.store.cancel({ turnId })
      assert.equal(await subject.store.park(lease, request), false, 'it is over')

      const taken = await askingTurn(subject)
      subject.advance(leaseMs * 2)
      await mustClaim(subject.another(), taken, 'worker-2')
      assert.equal(await subject.store.park(taken.lease, request), false, 'the lease is lost')
      await assert.rejects(subject.store.park(lease, { dueAt: 0.5 }), RangeError)
    },
  },
  {
    name: 'of an answer and a park at once, the answer finds a worker or makes the turn due',
    run: async (subject) => {
      for (let round = 0; round < 6; round += 1) {
        const { turnId, lease } = await askingTurn(subject)
        const [isParked, answer] = await Promise.all([
          subject.store.park(lease, { dueAt: null }),
          subject.another().answerAsk({ turnId, askId: 'per_1', decision: allow }),
        ])
        assert.ok(answer.accepted)
        assert.equal(answer.isParked, isParked)
        const { status, dueAt } = await mustRead(subject.store, turnId)
        assert.equal(status, isParked ? 'waiting' : 'running')
        assert.equal(dueAt !== null, isParked)
      }
    },
  },
]
