import assert from 'node:assert/strict'
import type { RowId } from '../records.js'
import type { SessionStore } from '../session-store.js'
import {
  absentKey,
  assertPowerless,
  completed,
  firstPrompt,
  leaseMs,
  mustClaim,
  mustRead,
  newTurn,
  partial,
} from './subject.js'
import type { SessionStoreCase, SessionStoreSubject } from './subject.js'

type Ids = { readonly conversationId: RowId; readonly turnId: RowId }

/** A turn with a prompt whose worker is dead, and the next one of its conversation. */
async function stranded(subject: SessionStoreSubject): Promise<{ left: Ids; next: Ids }> {
  const left = await newTurn(subject)
  const { lease } = await mustClaim(subject.store, left)
  await subject.store.recordPrompt(lease, firstPrompt)
  subject.advance(leaseMs * 2)
  const turnId = await subject.insertTurn(left.conversationId)
  return { left, next: { ...left, turnId } }
}

function claimIds(leftovers: readonly { readonly turnId: RowId }[]): string[] {
  return leftovers.map(({ turnId }) => String(turnId))
}

async function leftoversOf(store: SessionStore, ids: Ids, owner: string): Promise<string[]> {
  return claimIds((await mustClaim(store, ids, owner)).leftovers)
}

/** @internal */
export const leftoverCases: readonly SessionStoreCase[] = [
  {
    name: 'a claim that steps over a stranded turn reports it, and does not change it',
    run: async (subject) => {
      const { left, next } = await stranded(subject)
      const before = await mustRead(subject.store, left.turnId)
      const { leftovers } = await mustClaim(subject.another(), next, 'worker-2')
      assert.deepEqual(claimIds(leftovers), [String(left.turnId)])
      assert.deepEqual({ ...leftovers[0], turnId: left.turnId }, before)
      assert.deepEqual(await mustRead(subject.store, left.turnId), before)
    },
  },
  {
    name: 'a turn that is over with a prompt is a leftover until it is closed',
    run: async (subject) => {
      const ids = await newTurn(subject)
      const second = { ...ids, turnId: await subject.insertTurn(ids.conversationId) }
      const third = { ...ids, turnId: await subject.insertTurn(ids.conversationId) }
      const { lease } = await mustClaim(subject.store, ids)
      await subject.store.recordPrompt(lease, firstPrompt)
      assert.equal(await subject.store.closeTurn(lease), false, 'it still runs')
      await subject.store.settle(lease, completed)
      await subject.store.release(lease)
      const open = await mustClaim(subject.another(), second, 'worker-2')
      assert.deepEqual(claimIds(open.leftovers), [String(ids.turnId)])
      const adopted = await subject.another().adopt(open.lease, ids.turnId)
      assert.ok(adopted !== null)
      assert.equal(adopted.turn.status, 'completed')
      const files = { kept: 1, dropped: [{ path: 'a', reason: 'too_large' }] }
      assert.equal(await subject.another().closeTurn(adopted.lease, { files }), true)
      const { closedAt, ...row } = await mustRead(subject.store, ids.turnId)
      assert.ok(closedAt !== null)
      assert.deepEqual(row.files, files)
      subject.advance(1)
      assert.equal(await subject.another().closeTurn(adopted.lease), true, 'may be repeated')
      const later = await mustRead(subject.store, ids.turnId)
      assert.deepEqual([later.closedAt, later.files], [closedAt, files])
      assert.equal(await subject.another().adopt(open.lease, ids.turnId), null, 'no leftover')
      await subject.another().settle(open.lease, completed)
      await subject.another().release(open.lease)
      assert.deepEqual(await leftoversOf(subject.store, third, 'worker-3'), [])
    },
  },
  {
    name: 'turns that were never asked are no leftovers when they are over',
    run: async (subject) => {
      const ids = await newTurn(subject)
      const next = { ...ids, turnId: await subject.insertTurn(ids.conversationId) }
      await subject.store.cancel({ turnId: ids.turnId })
      assert.deepEqual(await leftoversOf(subject.store, next, 'worker-1'), [])
    },
  },
  {
    name: 'at most eight leftovers are reported, the oldest first',
    run: async (subject) => {
      const conversationId = await subject.insertConversation()
      const turnIds: RowId[] = []
      for (let n = 0; n < 10; n += 1) {
        const turnId = await subject.insertTurn(conversationId)
        turnIds.push(turnId)
        const { lease } = await mustClaim(subject.store, { conversationId, turnId }, `worker-${n}`)
        await subject.store.recordPrompt(lease, firstPrompt)
        subject.advance(leaseMs * 2)
      }
      const turnId = await subject.insertTurn(conversationId)
      const { leftovers } = await mustClaim(subject.store, { conversationId, turnId }, 'last')
      assert.deepEqual(claimIds(leftovers), turnIds.slice(0, 8).map(String))
    },
  },
  {
    name: 'an adopted turn is written under the new lease, and its old worker is powerless',
    run: async (subject) => {
      const left = await newTurn(subject)
      const next = { ...left, turnId: await subject.insertTurn(left.conversationId) }
      const { lease: old } = await mustClaim(subject.store, left)
      subject.advance(leaseMs * 2)
      const { lease } = await mustClaim(subject.another(), next, 'worker-2')
      const adopted = await subject.another().adopt(lease, left.turnId)
      assert.ok(adopted !== null)
      assert.equal(adopted.turn.status, 'running')
      assert.equal(adopted.lease.fence, lease.fence)
      await assertPowerless(subject.store, old)
      assert.ok((await subject.another().adopt(lease, left.turnId)) !== null, 'may be repeated')
      assert.equal(await subject.another().settle(adopted.lease, completed), true)
      assert.equal((await subject.another().renew(lease, { leaseMs })).held, true)
      assert.equal((await mustRead(subject.store, next.turnId)).status, 'running')
    },
  },
  {
    name: 'what a cancelled turn had is kept by a later claim that adopts it',
    run: async (subject) => {
      const { left, next } = await stranded(subject)
      await subject.store.cancel({ turnId: left.turnId, reason: 'user' })
      const { lease } = await mustClaim(subject.another(), next, 'worker-2')
      const adopted = await subject.another().adopt(lease, left.turnId)
      assert.ok(adopted !== null)
      assert.equal(await subject.another().keepPartial(adopted.lease, partial), true)
      const turn = await mustRead(subject.store, left.turnId)
      assert.equal(turn.text, partial.text)
      assert.equal(turn.cost, partial.cost)
      assert.equal(turn.reason, 'user')
    },
  },
  {
    name: 'a turn that waits, is of another conversation or is not there cannot be adopted',
    run: async (subject) => {
      const ids = await newTurn(subject)
      const waiting = await subject.insertTurn(ids.conversationId)
      const { left: other } = await stranded(subject)
      const { lease } = await mustClaim(subject.store, ids)
      for (const turnId of [waiting, other.turnId, absentKey(waiting)]) {
        assert.equal(await subject.store.adopt(lease, turnId), null)
      }
      assert.equal((await mustRead(subject.store, waiting)).status, 'pending')
    },
  },
  {
    name: 'a lost lease adopts nothing and closes nothing',
    run: async (subject) => {
      const { left, next } = await stranded(subject)
      const third = { ...next, turnId: await subject.insertTurn(next.conversationId) }
      const { lease } = await mustClaim(subject.store, next, 'worker-2')
      await subject.store.settle(lease, completed)
      subject.advance(leaseMs * 2)
      await mustClaim(subject.another(), third, 'worker-3')
      assert.equal(await subject.store.adopt(lease, left.turnId), null)
      assert.equal(await subject.store.closeTurn(lease), false)
    },
  },
]
