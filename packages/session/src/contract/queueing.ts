import assert from 'node:assert/strict'
import type { RowId } from '../records.js'
import type { SessionStore } from '../session-store.js'
import type { InboxVerbs } from '../store/inbox-verbs.js'
import { absentKey, completed, leaseMs, mustClaim, mustRead, newTurn } from './subject.js'
import type { SessionStoreCase, SessionStoreSubject } from './subject.js'

/** @internal What each of them asks. */
export const lineInput: { readonly text: string } = { text: 'And this.' }
const input = lineInput

/** @internal A subject whose store has a line of messages. */
export interface InboxSubject extends SessionStoreSubject {
  readonly store: InboxStore
  readonly another: () => InboxStore
}

type InboxStore = SessionStore & InboxVerbs

/** @internal */
export function withInbox(subject: SessionStoreSubject): InboxSubject {
  return { ...subject, store: able(subject.store), another: () => able(subject.another()) }
}

function able(store: SessionStore): InboxStore {
  assert.ok(store.enqueue !== undefined, '`enqueue` is there')
  return store as InboxStore
}

/** @internal A conversation with some messages in its line, in order. */
export async function line(
  subject: InboxSubject,
  count: number,
): Promise<{ conversationId: RowId; turnIds: readonly RowId[] }> {
  const conversationId = await subject.insertConversation()
  const turnIds: RowId[] = []
  for (let index = 0; index < count; index += 1) {
    turnIds.push(await subject.insertTurn(conversationId))
  }
  for (const turnId of turnIds) {
    const result = await subject.another().enqueue({ conversationId, turnId, input })
    assert.deepEqual(result, { accepted: true, delivery: 'queue', steers: [] })
  }
  return { conversationId, turnIds }
}

/** @internal */
export const queueCases: readonly SessionStoreCase[] = [
  {
    name: 'a message is put in the line once, with what it asks, and keeps its place when it is put there again',
    needs: 'inbox',
    run: async (plain) => {
      const subject = withInbox(plain)
      const { store } = subject
      const { conversationId, turnIds } = await line(subject, 2)
      const [first, second] = turnIds as [RowId, RowId]
      assert.ok((await store.enqueue({ conversationId, turnId: first })).accepted)
      assert.deepEqual((await mustRead(store, first)).input, input)
      assert.equal((await mustRead(store, first)).delivery, 'queue')
      assert.equal((await mustRead(store, first)).status, 'pending')
      assert.equal(await store.nextInLine(conversationId), first)
      const claim = await store.claim({
        conversationId,
        turnId: second,
        owner: 'worker-1',
        leaseMs,
      })
      assert.ok(!claim.claimed && claim.reason === 'queued')
    },
  },
  {
    name: 'what a message asks can be put right until a worker takes it',
    needs: 'inbox',
    run: async (plain) => {
      const subject = withInbox(plain)
      const { store } = subject
      const { conversationId, turnIds } = await line(subject, 2)
      const [first, second] = turnIds as [RowId, RowId]
      const right = { parts: [{ type: 'text', text: 'What was meant.' }] }
      const again = { conversationId, turnId: first, input: right }
      assert.ok((await subject.another().enqueue(again)).accepted)
      assert.equal(await store.nextInLine(conversationId), first)
      const claim = { conversationId, turnId: first, owner: 'worker-1', leaseMs }
      const claimed = await store.claim({ ...claim, input: { text: 'Of an older job.' } })
      assert.ok(claimed.claimed)
      assert.deepEqual(claimed.turn.input, right)
      assert.deepEqual(await store.enqueue({ ...again, input }), {
        accepted: false,
        reason: 'taken',
      })
      assert.deepEqual((await mustRead(store, first)).input, right)
      assert.deepEqual((await mustRead(store, second)).input, input)
    },
  },
  {
    name: 'what asks nothing, or has a name that is none, is not put in the line',
    needs: 'inbox',
    run: async (plain) => {
      const { store, ...subject } = withInbox(plain)
      const ids = await newTurn({ store, ...subject })
      const nothing = [{}, { text: '' }, { txt: 'x' }, 'hello', { text: 5 }, { parts: [] }, []]
      for (const each of [...nothing, { text: 5, parts: [{}] }]) {
        await assert.rejects(
          store.enqueue({ ...ids, input: each }),
          TypeError,
          JSON.stringify(each),
        )
      }
      const misspelt = { ...ids, input, deliver: 'steer' }
      await assert.rejects(store.enqueue(misspelt), TypeError)
      const { status, delivery, ...turn } = await mustRead(store, ids.turnId)
      assert.deepEqual([status, delivery, turn.input], ['pending', null, null])
      assert.equal(await store.nextInLine(ids.conversationId), null)
    },
  },
  {
    name: 'a turn of the line is claimed when it is the first of it, by any worker, and says who is',
    needs: 'inbox',
    run: async (plain) => {
      const subject = withInbox(plain)
      const { conversationId, turnIds } = await line(subject, 3)
      const [first, second, third] = turnIds as [RowId, RowId, RowId]
      for (const turnId of [third, second]) {
        const claim = { conversationId, turnId, owner: 'worker-2', leaseMs }
        const { turn, ...refused } = await subject
          .another()
          .claim(claim)
          .then((result) => {
            assert.ok(!result.claimed)
            return result
          })
        const none = { heldUntil: null, sameOwner: false }
        assert.deepEqual(refused, { claimed: false, reason: 'queued', first, ...none })
        assert.equal(turn?.status, 'pending')
      }
      const { lease } = await mustClaim(subject.store, { conversationId, turnId: first })
      const next = { conversationId, turnId: second, owner: 'worker-2', leaseMs }
      const busy = await subject.another().claim(next)
      assert.ok(!busy.claimed && busy.reason === 'busy')
      await subject.store.settle(lease, completed)
      await subject.store.release(lease)
      await mustClaim(subject.another(), { conversationId, turnId: second }, 'worker-2')
      assert.equal(await subject.store.nextInLine(conversationId), third)
    },
  },
  {
    name: 'a turn that was never put in the line waits for no one, and no one waits for it',
    needs: 'inbox',
    run: async (plain) => {
      const subject = withInbox(plain)
      const { conversationId, turnIds } = await line(subject, 1)
      const turnId = await subject.insertTurn(conversationId)
      assert.equal((await mustRead(subject.store, turnId)).delivery, null)
      const { lease } = await mustClaim(subject.store, { conversationId, turnId })
      await subject.store.release(lease)
      const [first] = turnIds as [RowId]
      await mustClaim(subject.store, { conversationId, turnId: first })
    },
  },
  {
    name: 'a message without anything to ask, of another conversation, taken or over is not put in the line',
    needs: 'inbox',
    run: async (plain) => {
      const subject = withInbox(plain)
      const { store } = subject
      const ids = await newTurn(subject)
      const refuse = async (request: { conversationId: RowId; turnId: RowId }, reason: string) =>
        assert.deepEqual(
          await store.enqueue({ ...request, ...(reason === 'no_input' ? {} : { input }) }),
          {
            accepted: false,
            reason,
          },
        )
      await refuse(ids, 'no_input')
      await refuse({ ...ids, conversationId: await subject.insertConversation() }, 'missing')
      await refuse({ ...ids, turnId: absentKey(ids.turnId) }, 'missing')
      const { lease } = await mustClaim(store, ids)
      await refuse(ids, 'taken')
      await store.settle(lease, completed)
      await refuse(ids, 'settled')
    },
  },
  {
    name: 'a message is withdrawn until it is taken, and the answer says what became of it',
    needs: 'inbox',
    run: async (plain) => {
      const subject = withInbox(plain)
      const { store } = subject
      const { conversationId, turnIds } = await line(subject, 3)
      const [first, second, third] = turnIds as [RowId, RowId, RowId]
      assert.equal(await subject.another().withdraw(first), 'withdrawn')
      assert.equal(await store.withdraw(first), 'withdrawn', 'said again')
      const { status, reason, closedAt } = await mustRead(store, first)
      assert.deepEqual({ status, reason }, { status: 'cancelled', reason: 'withdrawn' })
      assert.notEqual(closedAt, null, 'nothing is left to do')
      assert.equal(await store.nextInLine(conversationId), second)
      const { lease } = await mustClaim(store, { conversationId, turnId: second })
      assert.equal(await subject.another().withdraw(second), 'taken')
      assert.equal((await mustRead(store, second)).status, 'running')
      await store.settle(lease, completed)
      assert.equal(await store.withdraw(second), 'settled')
      assert.equal(await store.cancel({ turnId: third }), true)
      assert.equal(await store.withdraw(third), 'settled')
      assert.equal(await store.withdraw(absentKey(third)), 'missing')
      assert.equal(await store.nextInLine(conversationId), null)
    },
  },
  {
    name: 'of any number of workers and jobs at once one at a time runs, and always the first in the line',
    needs: 'inbox',
    run: async (plain) => {
      const subject = withInbox(plain)
      const { conversationId, turnIds } = await line(subject, 4)
      const ran: RowId[] = []
      for (let round = 0; ran.length < turnIds.length && round < 50; round += 1) {
        const claims = await Promise.all(
          turnIds
            .toReversed()
            .map((turnId, index) =>
              subject
                .another()
                .claim({ conversationId, turnId, owner: `worker-${index}`, leaseMs }),
            ),
        )
        const claimed = claims.flatMap((claim) => (claim.claimed ? [claim.lease] : []))
        assert.ok(claimed.length <= 1, 'two workers have the conversation')
        for (const lease of claimed) {
          ran.push(lease.turnId)
          await subject.store.settle(lease, completed)
          await subject.store.release(lease)
        }
      }
      assert.deepEqual(ran.map(String), turnIds.map(String))
    },
  },
]
