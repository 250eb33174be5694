import assert from 'node:assert/strict'
import {
  absentKey,
  completed,
  failed,
  firstPrompt,
  mustClaim,
  mustRead,
  newTurn,
  partial,
} from './subject.js'
import type { SessionStoreCase } from './subject.js'

const manyCharacters = 300_000

/** @internal */
export const valueCases: readonly SessionStoreCase[] = [
  {
    name: 'settle stores every field, numbers exactly',
    run: async (subject) => {
      const ids = await newTurn(subject)
      const { lease } = await mustClaim(subject.store, ids)
      assert.equal(await subject.store.settle(lease, completed), true)
      const turn = await mustRead(subject.store, ids.turnId)
      const { startedAt, settledAt, fence, revision, ...rest } = turn
      assert.ok(fence === lease.fence && revision > 0)
      assert.ok(startedAt !== null && settledAt !== null && settledAt >= startedAt)
      assert.deepEqual(rest, {
        ...ids,
        ...completed,
        input: null,
        trace: null,
        files: null,
        prompt: null,
        providerStatus: null,
        providerMessage: null,
        closedAt: null,
        asks: [],
        waitingSince: null,
        delivery: null,
        dueAt: null,
      })
    },
  },
  {
    name: 'settle stores a failure with its code',
    run: async (subject) => {
      const ids = await newTurn(subject)
      const { lease } = await mustClaim(subject.store, ids)
      assert.equal(await subject.store.settle(lease, failed), true)
      const turn = await mustRead(subject.store, ids.turnId)
      assert.deepEqual(turn.error, failed.error)
      assert.equal(turn.status, 'failed')
      assert.equal(turn.finish, null)
    },
  },
  {
    name: 'recordPrompt replaces the prompt, so that a deliberate second run is known',
    run: async (subject) => {
      const ids = await newTurn(subject)
      const { lease } = await mustClaim(subject.store, ids)
      const again = { ...firstPrompt, runs: 1, sessionRecreated: true }
      await subject.store.recordPrompt(lease, firstPrompt)
      await subject.store.recordPrompt(lease, again)
      const turn = await mustRead(subject.store, ids.turnId)
      assert.deepEqual(turn.prompt, again)
    },
  },
  {
    name: 'settle stores what the provider said beside the error',
    run: async (subject) => {
      const ids = await newTurn(subject)
      const { lease } = await mustClaim(subject.store, ids)
      const error = {
        code: 'provider_error',
        message: 'It failed.',
        status: 529,
        detail: 'Overloaded',
      }
      assert.equal(await subject.store.settle(lease, { ...failed, error }), true)
      const turn = await mustRead(subject.store, ids.turnId)
      assert.deepEqual(turn.error, { code: error.code, message: error.message })
      assert.equal(turn.providerStatus, 529)
      assert.equal(turn.providerMessage, 'Overloaded')
    },
  },
  {
    name: 'claim stores what the user asked, and a later claim does not replace it',
    run: async (subject) => {
      const ids = await newTurn(subject)
      const input = { text: 'Hello \0 \uD800 🧵', parts: [{ type: 'text' }], agent: null }
      const request = { ...ids, leaseMs: 10_000 }
      const first = await subject.store.claim({ ...request, owner: 'worker-1', input })
      assert.deepEqual(first.turn?.input, input)
      subject.advance(20_000)
      const second = await subject
        .another()
        .claim({ ...request, owner: 'worker-2', input: 'Other' })
      assert.deepEqual(second.turn?.input, input)
      assert.deepEqual((await mustRead(subject.store, ids.turnId)).input, input)
    },
  },
  {
    name: 'claim stores the trace in which the turn began, and a later claim does not replace it',
    run: async (subject) => {
      const ids = await newTurn(subject)
      const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
      const request = { ...ids, leaseMs: 10_000 }
      const first = await subject.store.claim({ ...request, owner: 'worker-1' })
      assert.equal(first.turn?.trace, null)
      subject.advance(20_000)
      const second = await subject.another().claim({ ...request, owner: 'worker-2', trace })
      assert.equal(second.turn?.trace, trace)
      subject.advance(20_000)
      const other = trace.replace('0af7', 'ffff')
      const third = await subject.store.claim({ ...request, owner: 'worker-1', trace: other })
      assert.equal(third.turn?.trace, trace)
      assert.equal((await mustRead(subject.store, ids.turnId)).trace, trace)
    },
  },
  {
    name: "what a turn's earlier prompts cost is in the running row, and snapshots leave it",
    run: async (subject) => {
      const ids = await newTurn(subject)
      const { lease } = await mustClaim(subject.store, ids)
      const { cost, tokens } = completed
      await subject.store.recordPrompt(lease, firstPrompt)
      assert.equal(await subject.store.recordPrompt(lease, firstPrompt, { cost, tokens }), true)
      await subject.store.snapshot(lease, partial)
      await subject.store.recordPrompt(lease, { ...firstPrompt, runs: 1 })
      const turn = await mustRead(subject.store, ids.turnId)
      assert.equal(turn.status, 'running')
      assert.deepEqual({ cost: turn.cost, tokens: turn.tokens }, { cost, tokens })
    },
  },
  {
    name: 'a reply that is no JSON is left out of the end, and the reason says so',
    run: async (subject) => {
      const cycle: unknown[] = []
      cycle.push(cycle)
      for (const reason of [null, 'evidence']) {
        const ids = await newTurn(subject)
        const { lease } = await mustClaim(subject.store, ids)
        const settled = await subject.store.settle(lease, { ...completed, reason, reply: cycle })
        assert.equal(settled, true)
        const turn = await mustRead(subject.store, ids.turnId)
        assert.equal(turn.status, 'completed')
        assert.equal(turn.text, completed.text)
        assert.equal(turn.reply, null)
        assert.equal(turn.reason, reason ?? 'reply_not_stored')
      }
    },
  },
  {
    name: 'a reply is read back as the same JSON, whatever the agent put into it',
    run: async (subject) => {
      const ids = await newTurn(subject)
      const { lease } = await mustClaim(subject.store, ids)
      const reply = {
        text: 'NUL \0, lone \uD800 surrogate, emoji 🧵, "quotes", back\\slash, \u2028',
        numbers: [0.1, 1e308, Number.MAX_SAFE_INTEGER, 0],
        order: { z: 1, a: 2 },
        odd: JSON.parse('{"__proto__": {"x": 1}, "": null}') as unknown,
        large: 'x'.repeat(manyCharacters),
      }
      assert.equal(await subject.store.snapshot(lease, { reply, text: '' }), true)
      const turn = await mustRead(subject.store, ids.turnId)
      assert.equal(JSON.stringify(turn.reply), JSON.stringify(reply))
    },
  },
  {
    name: 'a reply that is a bare string or null is read back as such',
    run: async (subject) => {
      const ids = await newTurn(subject)
      const { lease } = await mustClaim(subject.store, ids)
      for (const reply of ['"quoted"', '', 7, false, null]) {
        assert.equal(await subject.store.snapshot(lease, { reply, text: '' }), true)
        assert.equal((await mustRead(subject.store, ids.turnId)).reply, reply)
      }
    },
  },
  {
    name: 'text that the database cannot hold never keeps a turn from being settled',
    run: async (subject) => {
      const ids = await newTurn(subject)
      const { lease } = await mustClaim(subject.store, ids)
      const hostile = `NUL \0 lone \uD800 emoji 🧵 ${'é'.repeat(manyCharacters)}`
      const settled = await subject.store.settle(lease, {
        ...failed,
        text: hostile,
        reasoning: hostile,
        reason: hostile,
        error: { code: hostile, message: hostile },
        finish: hostile,
        cost: Number.NaN,
        tokens: { ...failed.tokens, input: Number.POSITIVE_INFINITY, output: -1 },
      })
      assert.equal(settled, true)
      const turn = await mustRead(subject.store, ids.turnId)
      assert.ok(turn.text?.includes('emoji 🧵 éé'))
      assert.equal(turn.text?.length, hostile.length)
      assert.ok(turn.error?.code.startsWith('NUL '))
      assert.equal(turn.cost, 0)
    },
  },
  {
    name: 'read of a message that is not there is null',
    run: async (subject) => {
      const { turnId } = await newTurn(subject)
      const absent = absentKey(turnId)
      assert.equal(await subject.store.read(absent), null)
      assert.equal(await subject.store.cancel({ turnId: absent }), false)
    },
  },
  {
    name: 'a snapshot does not touch what only the end writes',
    run: async (subject) => {
      const ids = await newTurn(subject)
      const { lease } = await mustClaim(subject.store, ids)
      await subject.store.snapshot(lease, partial)
      const turn = await mustRead(subject.store, ids.turnId)
      assert.equal(turn.status, 'running')
      assert.equal(turn.settledAt, null)
      assert.equal(turn.cost, 0)
      assert.equal(turn.text, partial.text)
    },
  },
]
