import assert from 'node:assert/strict'
import { allow, askingTurn, permissionAsk, questionAsk, reject, standing } from './subject.js'
import { completed, leaseMs, mustClaim, mustRead } from '../subject.js'
import type { SessionStoreCase } from '../subject.js'

/** @internal The worker's side of the asks. */
export const askingCases: readonly SessionStoreCase[] = [
  {
    name: 'what the agent asks is kept as it was asked, sub-agents included, in the order of asking',
    run: async (subject) => {
      const asks = [permissionAsk(), questionAsk, permissionAsk('per_2', 'ses_child', 3_000)]
      const { turnId, lease } = await askingTurn(subject, asks)
      const records = asks.map((ask) => ({
        ...ask,
        state: 'open',
        decision: null,
        answeredBy: null,
        rule: null,
        answeredAt: null,
        triedAt: null,
        sentAt: null,
        closedAt: null,
      }))
      assert.deepEqual((await mustRead(subject.store, turnId)).asks, records)
      assert.deepEqual(await subject.store.updateAsks(lease, []), records)
    },
  },
  {
    name: 'a turn waits since its oldest open ask, and not at all once none is open',
    run: async (subject) => {
      const { turnId, lease } = await askingTurn(subject, [questionAsk, permissionAsk()])
      const waitingSince = async (): Promise<unknown> =>
        (await mustRead(subject.store, turnId)).waitingSince
      assert.equal(await waitingSince(), 1_000)
      await subject.store.updateAsks(lease, [
        { type: 'decided', askId: 'per_1', decision: allow, by: 'policy', rule: 'reading' },
      ])
      assert.equal(await waitingSince(), 2_000)
      await subject.store.updateAsks(lease, [{ type: 'closed', askId: 'que_1' }])
      assert.equal(await waitingSince(), null)
    },
  },
  {
    name: 'an ask that opens again, and an answer that is sent again, change nothing',
    run: async (subject) => {
      const { turnId, lease } = await askingTurn(subject)
      await subject.store.answerAsk({ turnId, askId: 'per_1', decision: reject, by: 'ada' })
      await subject.store.updateAsks(lease, [{ type: 'sent', askId: 'per_1' }])
      const before = await mustRead(subject.store, turnId)
      subject.advance(5)
      const again = await subject.store.updateAsks(lease, [
        { type: 'opened', ask: permissionAsk() },
        { type: 'decided', askId: 'per_1', decision: allow, by: 'policy' },
        { type: 'sent', askId: 'per_1' },
        { type: 'closed', askId: 'per_1' },
        { type: 'sent', askId: 'per_of_no_one' },
      ])
      assert.deepEqual(again, before.asks)
      assert.deepEqual(await mustRead(subject.store, turnId), before)
    },
  },
  {
    name: 'when an answer was about to be sent is kept, the first time',
    run: async (subject) => {
      const { turnId, lease } = await askingTurn(subject)
      const sending = [{ type: 'sending', askId: 'per_1' }] as const
      const [open] = (await subject.store.updateAsks(lease, sending)) ?? []
      assert.equal(open?.triedAt, null, 'there is nothing to send')
      await subject.store.answerAsk({ turnId, askId: 'per_1', decision: allow })
      const [first] = (await subject.store.updateAsks(lease, sending)) ?? []
      assert.ok((first?.triedAt ?? null) !== null)
      assert.equal(first?.state, 'answered')
      subject.advance(5)
      const [second] = (await subject.store.updateAsks(lease, sending)) ?? []
      assert.equal(second?.triedAt, first?.triedAt)
    },
  },
  {
    name: 'what the policy decides is kept with the rule, and loses to an answer that came before',
    run: async (subject) => {
      const { turnId, lease } = await askingTurn(subject, [permissionAsk(), permissionAsk('per_2')])
      await subject.another().answerAsk({ turnId, askId: 'per_1', decision: allow, by: 'ada' })
      const by = 'policy'
      const asks = await subject.store.updateAsks(lease, [
        { type: 'decided', askId: 'per_1', decision: reject, by, rule: 'no shell' },
        { type: 'decided', askId: 'per_2', decision: reject, by, rule: 'no shell' },
      ])
      assert.deepEqual(
        asks?.map(({ decision, answeredBy, rule }) => ({ decision, answeredBy, rule })),
        [
          { decision: allow, answeredBy: 'ada', rule: null },
          { decision: reject, answeredBy: by, rule: 'no shell' },
        ],
      )
    },
  },
  {
    name: 'the worker learns of an answer when it renews, and reads it',
    run: async (subject) => {
      const { turnId, lease } = await askingTurn(subject)
      const { asksRevision: before } = await subject.store.renew(lease, { leaseMs })
      assert.equal((await subject.store.renew(lease, { leaseMs })).asksRevision, before)
      await subject.another().answerAsk({ turnId, askId: 'per_1', decision: allow })
      const { asksRevision } = await subject.store.renew(lease, { leaseMs })
      assert.notEqual(asksRevision, before)
      const asks = await subject.store.updateAsks(lease, [])
      assert.deepEqual(
        asks?.map(({ state, decision }) => ({ state, decision })),
        [{ state: 'answered', decision: allow }],
      )
    },
  },
  {
    name: 'a worker that takes a turn over finds the answers that were not sent yet',
    run: async (subject) => {
      const { conversationId, turnId } = await askingTurn(subject)
      await subject.another().answerAsk({ turnId, askId: 'per_1', decision: allow, by: 'ada' })
      subject.advance(leaseMs * 2)
      const taken = await mustClaim(subject.another(), { conversationId, turnId }, 'worker-2')
      assert.deepEqual(
        taken.turn.asks.map(({ state, answeredBy }) => ({ state, answeredBy })),
        [{ state: 'answered', answeredBy: 'ada' }],
      )
      const asks = await subject
        .another()
        .updateAsks(taken.lease, [{ type: 'sent', askId: 'per_1' }])
      assert.equal(asks?.[0]?.state, 'sent')
      assert.ok((asks[0].sentAt ?? 0) >= (asks[0].answeredAt ?? Infinity))
    },
  },
  {
    name: 'a worker that lost its turn, or whose turn is over, neither writes asks nor reads them',
    run: async (subject) => {
      const { conversationId, turnId, lease } = await askingTurn(subject)
      subject.advance(leaseMs * 2)
      const taken = await mustClaim(subject.another(), { conversationId, turnId }, 'worker-2')
      const late = { type: 'closed', askId: 'per_1' } as const
      assert.equal(await subject.store.updateAsks(lease, [late]), null)
      assert.equal(await subject.store.updateAsks(lease, []), null)
      assert.deepEqual(await standing(subject, turnId), [
        { id: 'per_1', state: 'open', decision: null, answeredBy: null },
      ])
      await subject.another().settle(taken.lease, completed)
      assert.equal(await subject.another().updateAsks(taken.lease, [late]), null)
      assert.equal(await subject.another().updateAsks(taken.lease, []), null)
    },
  },
  {
    name: 'the end of a turn closes its asks, whoever ends it',
    run: async (subject) => {
      const settled = await askingTurn(subject, [permissionAsk(), permissionAsk('per_2')])
      const { turnId } = settled
      await subject.store.answerAsk({ turnId, askId: 'per_2', decision: allow, by: 'ada' })
      await subject.store.settle(settled.lease, completed)
      const cancelled = await askingTurn(subject)
      await subject.another().cancel({ turnId: cancelled.turnId })
      for (const id of [turnId, cancelled.turnId]) {
        const { asks, settledAt, waitingSince } = await mustRead(subject.store, id)
        assert.equal(waitingSince, null)
        for (const { state, closedAt } of asks) {
          assert.deepEqual({ state, closedAt }, { state: 'closed', closedAt: settledAt })
        }
      }
      const [, second] = (await mustRead(subject.store, turnId)).asks
      assert.equal(second?.answeredBy, 'ada', 'an answer that was never sent is kept')
    },
  },
]
