import assert from 'node:assert/strict'
import type { RowId } from '../records.js'
import { line, lineInput as input, withInbox } from './queueing.js'
import { firstPrompt, leaseMs, mustClaim, mustRead, newTurn } from './subject.js'
import type { SessionStoreCase } from './subject.js'

/** @internal Messages to a turn that runs. */
export const steerCases: readonly SessionStoreCase[] = [
  {
    name: 'a message to the running turn is told to it, and taken once, with its prompt',
    needs: 'inbox',
    run: async (plain) => {
      const subject = withInbox(plain)
      const { store } = subject
      const running = await newTurn(subject)
      const { conversationId } = running
      const { lease } = await mustClaim(store, running)
      const before = await store.renew(lease, { leaseMs })
      const turnId = await subject.insertTurn(conversationId)
      const request = { conversationId, turnId, input, delivery: 'steer' } as const
      assert.deepEqual(await subject.another().enqueue(request), {
        accepted: true,
        delivery: 'steer',
        steers: [running.turnId],
      })
      const after = await store.renew(lease, { leaseMs })
      assert.notEqual(after.asksRevision, before.asksRevision)
      const waiting = await store.readSteers(lease)
      assert.deepEqual(
        waiting.map((turn) => [turn.turnId, turn.status, turn.input]),
        [[turnId, 'pending', input]],
      )
      assert.equal(await store.takeSteer(lease, turnId, firstPrompt), true)
      assert.equal(await store.takeSteer(lease, turnId, firstPrompt), true, 'said again')
      const otherPrompt = { ...firstPrompt, id: 'msg_2' }
      assert.equal(await store.takeSteer(lease, turnId, otherPrompt), false)
      const taken = await mustRead(store, turnId)
      const { status, prompt, fence } = taken
      assert.deepEqual(
        { status, prompt, fence },
        { status: 'running', prompt: firstPrompt, fence: lease.fence },
      )
      assert.equal(await subject.another().withdraw(turnId), 'taken')
      assert.deepEqual(await store.readSteers(lease), [taken])
      assert.equal(await subject.another().cancel({ turnId }), true)
      const [cancelled] = await store.readSteers(lease)
      assert.equal(cancelled?.status, 'cancelled', 'what was sent is known until it is closed')
      const adopted = await store.adopt(lease, turnId)
      assert.deepEqual(adopted?.turn.prompt, firstPrompt)
    },
  },
  {
    name: 'a message that was taken for a turn whose worker is gone is left to the next claim, as that turn is',
    needs: 'inbox',
    run: async (plain) => {
      const subject = withInbox(plain)
      const running = await newTurn(subject)
      const { conversationId } = running
      const { lease } = await mustClaim(subject.store, running)
      const turnId = await subject.insertTurn(conversationId)
      await subject.another().enqueue({ conversationId, turnId, input, delivery: 'steer' })
      assert.equal(await subject.store.takeSteer(lease, turnId, firstPrompt), true)
      subject.advance(leaseMs * 2)
      const taken = await mustClaim(subject.another(), running, 'worker-2')
      assert.deepEqual(
        taken.leftovers.map((turn) => [turn.turnId, turn.prompt?.id]),
        [[turnId, firstPrompt.id]],
      )
      assert.equal(await subject.store.takeSteer(lease, turnId, firstPrompt), false)
    },
  },
  {
    name: 'only a waiting message to the running turn is taken, and under the newest lease',
    needs: 'inbox',
    run: async (plain) => {
      const subject = withInbox(plain)
      const { store } = subject
      const running = await newTurn(subject)
      const { conversationId } = running
      const { lease } = await mustClaim(store, running)
      const turnId = await subject.insertTurn(conversationId)
      assert.equal(await store.takeSteer(lease, turnId, firstPrompt), false, 'not in the line')
      await store.enqueue({ conversationId, turnId, input })
      assert.equal(await store.takeSteer(lease, turnId, firstPrompt), false, 'only queued')
      assert.deepEqual(await store.readSteers(lease), [])
      const changed = await store.enqueue({ conversationId, turnId, delivery: 'steer' })
      assert.ok(changed.accepted)
      const other = await newTurn(subject)
      const { lease: foreign } = await mustClaim(store, other)
      assert.equal(
        await store.takeSteer(foreign, turnId, firstPrompt),
        false,
        'another conversation',
      )
      subject.advance(leaseMs * 2)
      await mustClaim(subject.another(), running, 'worker-2')
      assert.equal(await store.takeSteer(lease, turnId, firstPrompt), false, 'the lease was lost')
      assert.equal(await store.withdraw(turnId), 'withdrawn')
    },
  },
  {
    name: 'a message that was put right since it was read is not taken as it was read',
    needs: 'inbox',
    run: async (plain) => {
      const subject = withInbox(plain)
      const { store } = subject
      const running = await newTurn(subject)
      const { conversationId } = running
      const { lease } = await mustClaim(store, running)
      const turnId = await subject.insertTurn(conversationId)
      const request = { conversationId, turnId, input, delivery: 'steer' } as const
      await store.enqueue(request)
      const [read] = await store.readSteers(lease)
      const right = { text: 'Put right.' }
      const changed = await subject.another().enqueue({ ...request, input: right })
      assert.equal(changed.accepted, true)
      assert.equal(await store.takeSteer(lease, turnId, firstPrompt, read?.revision), false)
      const [again] = await store.readSteers(lease)
      assert.deepEqual([again?.status, again?.input], ['pending', right])
      assert.equal(await store.takeSteer(lease, turnId, firstPrompt, again?.revision), true)
      const repeated = await store.takeSteer(lease, turnId, firstPrompt, again?.revision)
      assert.equal(repeated, true, 'said again')
    },
  },
  {
    name: 'a message to a turn that is over waits in the line like any other',
    needs: 'inbox',
    run: async (plain) => {
      const subject = withInbox(plain)
      const { conversationId, turnIds } = await line(subject, 1)
      const turnId = await subject.insertTurn(conversationId)
      const result = await subject.store.enqueue({
        conversationId,
        turnId,
        input,
        delivery: 'steer',
      })
      assert.deepEqual(result, { accepted: true, delivery: 'steer', steers: [] })
      const claim = { conversationId, turnId, owner: 'worker-1', leaseMs }
      const refused = await subject.store.claim(claim)
      assert.ok(!refused.claimed && refused.reason === 'queued' && refused.first === turnIds[0])
      await subject.store.withdraw(turnIds[0] as RowId)
      await mustClaim(subject.store, { conversationId, turnId })
    },
  },
]
