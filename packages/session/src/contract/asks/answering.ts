import assert from 'node:assert/strict'
import type { AskDecision } from '../../ask-records.js'
import { allow, askingTurn, permissionAsk, questionAsk, reject, standing } from './subject.js'
import { absentKey, completed, mustRead, newTurn } from '../subject.js'
import type { SessionStoreCase } from '../subject.js'

const racers = 8

/** @internal What others answer. */
export const answerCases: readonly SessionStoreCase[] = [
  {
    name: 'an answer is stored with who and when, from any process',
    run: async (subject) => {
      const { turnId } = await askingTurn(subject, [permissionAsk(), questionAsk])
      const answers: AskDecision = { action: 'answer', answers: [['A', 'in other words']] }
      const store = subject.another()
      const one = await store.answerAsk({ turnId, askId: 'per_1', decision: reject, by: 'ada' })
      const other = await store.answerAsk({ turnId, askId: 'que_1', decision: answers })
      assert.ok(one.accepted && other.accepted)
      const { asks, waitingSince } = await mustRead(subject.store, turnId)
      assert.deepEqual(asks, [one.ask, other.ask])
      const common = {
        ...{ state: 'answered', rule: null },
        ...{ triedAt: null, sentAt: null, closedAt: null },
      }
      const { answeredAt, ...first } = one.ask
      assert.ok(answeredAt !== null && answeredAt > 1_000, 'when')
      assert.deepEqual(first, {
        ...permissionAsk(),
        ...common,
        decision: reject,
        answeredBy: 'ada',
      })
      assert.deepEqual(other.ask.decision, answers)
      assert.equal(other.ask.answeredBy, null)
      assert.equal(waitingSince, null)
    },
  },
  {
    name: 'the first answer wins, and the second learns which it was',
    run: async (subject) => {
      const { turnId } = await askingTurn(subject)
      const first = await subject.store.answerAsk({
        turnId,
        askId: 'per_1',
        decision: allow,
        by: 'ada',
      })
      assert.ok(first.accepted)
      const second = await subject.another().answerAsk({
        turnId,
        askId: 'per_1',
        decision: reject,
        by: 'bob',
      })
      assert.deepEqual(second, { accepted: false, reason: 'answered', ask: first.ask })
    },
  },
  {
    name: 'of many answers at once exactly one is accepted, and the row has it',
    run: async (subject) => {
      const { turnId, lease } = await askingTurn(subject, [permissionAsk(), questionAsk])
      const results = await Promise.all([
        ...Array.from({ length: racers }, (_, n) =>
          subject.another().answerAsk({
            turnId,
            askId: 'per_1',
            decision: n % 2 === 0 ? allow : reject,
            by: `person-${n}`,
          }),
        ),
        // The worker writes beside them, and nothing of either is lost.
        subject.store.updateAsks(lease, [{ type: 'opened', ask: permissionAsk('per_2') }]),
        subject.store.updateAsks(lease, [{ type: 'closed', askId: 'que_1' }]),
      ])
      const accepted = results.flatMap((result) =>
        result !== null && 'accepted' in result && result.accepted ? [result.ask] : [],
      )
      assert.equal(accepted.length, 1, 'one answer')
      const { asks } = await mustRead(subject.store, turnId)
      assert.deepEqual(
        asks.find(({ id }) => id === 'per_1'),
        accepted[0],
      )
      assert.deepEqual(asks.map(({ id, state }) => `${id} ${state}`).toSorted(), [
        'per_1 answered',
        'per_2 open',
        'que_1 closed',
      ])
    },
  },
  {
    name: 'an ask of another turn, or of none, is missing',
    run: async (subject) => {
      const one = await askingTurn(subject)
      const other = await askingTurn(subject, [questionAsk])
      const pending = await newTurn(subject)
      const missing = { accepted: false, reason: 'missing', ask: null }
      const turnIds = [other.turnId, pending.turnId, absentKey(one.turnId)]
      for (const turnId of turnIds) {
        const answer = { turnId, askId: 'per_1', decision: allow }
        assert.deepEqual(await subject.store.answerAsk(answer), missing)
      }
      assert.deepEqual(await standing(subject, one.turnId), [
        { id: 'per_1', state: 'open', decision: null, answeredBy: null },
      ])
    },
  },
  {
    name: 'an ask that was closed, or whose turn is over, takes no answer and says why',
    run: async (subject) => {
      const { turnId, lease } = await askingTurn(subject, [
        permissionAsk(),
        permissionAsk('per_2'),
        permissionAsk('per_3'),
      ])
      const ended = { type: 'closed', askId: 'per_1' } as const
      await subject.store.updateAsks(lease, [{ ...ended, unless: 'answered' }])
      const answer = (askId: string) =>
        subject.another().answerAsk({ turnId, askId, decision: allow })
      const closed = await answer('per_1')
      assert.ok(!closed.accepted)
      assert.equal(closed.reason, 'closed')
      assert.equal(closed.ask?.state, 'closed')
      assert.equal((await answer('per_3')).accepted, true)
      const afterIt = { ...ended, askId: 'per_3', unless: 'answered' } as const
      const kept = await subject.store.updateAsks(lease, [afterIt])
      assert.equal(kept?.find(({ id }) => id === 'per_3')?.state, 'answered', 'it came first')
      await subject.store.settle(lease, completed)
      const before = await mustRead(subject.store, turnId)
      const late = await answer('per_2')
      assert.ok(!late.accepted)
      assert.equal(late.reason, 'settled')
      assert.equal(late.ask?.state, 'closed')
      assert.deepEqual(await mustRead(subject.store, turnId), before)
    },
  },
  {
    name: 'a decision that is none of its kind is a TypeError, and decides nothing',
    run: async (subject) => {
      const { turnId } = await askingTurn(subject, [permissionAsk(), questionAsk])
      const before = await mustRead(subject.store, turnId)
      const wrong: readonly (readonly [string, unknown])[] = [
        ['per_1', { action: 'answer', answers: [['A']] }],
        ['que_1', { action: 'allow' }],
        ['que_1', { action: 'answer', answers: [] }],
        ['que_1', { action: 'answer', answers: ['A'] }],
        ['que_1', { action: 'answer' }],
        ['per_1', { action: 'wait' }],
        ['per_1', { action: 'reject', message: 7 }],
        ['per_1', null],
      ]
      for (const [askId, decision] of wrong) {
        const answer = { turnId, askId, decision: decision as AskDecision }
        await assert.rejects(subject.store.answerAsk(answer), TypeError, JSON.stringify(decision))
      }
      assert.deepEqual(await mustRead(subject.store, turnId), before)
    },
  },
]
