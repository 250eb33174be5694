import assert from 'node:assert/strict'
import { completed, failed, newTurn, mustClaim, mustRead, partial } from './subject.js'
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
      const { startedAt, settledAt, ...rest } = turn
      assert.ok(startedAt !== null && settledAt !== null && settledAt >= startedAt)
      assert.deepEqual(rest, { ...ids, prompt: null, ...completed })
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
      const prompt = { id: 'msg_1', sessionId: 'ses_1', partIds: ['prt_1'], runs: 0 }
      await subject.store.recordPrompt(lease, prompt)
      await subject.store.recordPrompt(lease, { ...prompt, runs: 1 })
      const turn = await mustRead(subject.store, ids.turnId)
      assert.deepEqual(turn.prompt, { ...prompt, runs: 1 })
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
      const absent = typeof turnId === 'number' ? turnId + 1_000_000 : `${turnId}-absent`
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
