import { databases } from '@turnstead-internal/databases'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import { permissionAsk } from '../src/contract/asks/subject.js'
import { completed, failed } from '../src/contract/subject.js'
import { createSessionStore } from '../src/index.js'
import type { SessionStore, TurnRecord } from '../src/index.js'
import { openRows } from './support/open-rows.js'
import type { Rows } from './support/open-rows.js'

const odd = 'NUL \0, lone \uD800 surrogate, 🧵, written \\u0000 and \\ud800'

/** What JSON types take of it. */
const plain = 'NUL \uFFFD, lone \uFFFD surrogate, 🧵, written \\u0000 and \\ud800'

/** Column types that hosts give to our columns, and an end that they do not take whole. */
const types = [
  {
    name: 'postgresql',
    type: 'jsonb',
    alter: 'alter table messages alter column turn_reply type jsonb using turn_reply::jsonb',
  },
  {
    name: 'postgresql',
    type: 'json',
    alter: 'alter table messages alter column turn_reply type json using turn_reply::json',
  },
  { name: 'mysql', type: 'json', alter: 'alter table messages modify turn_reply json' },
  { name: 'mysql', type: 'latin1', alter: 'alter table messages convert to character set latin1' },
] as const

async function settled(rows: Rows, store: SessionStore): Promise<TurnRecord | null> {
  const conversationId = await rows.insertConversation()
  const turnId = await rows.insertTurn(conversationId)
  const claim = await store.claim({ conversationId, turnId, owner: 'worker', leaseMs: 60_000 })
  if (!claim.claimed) throw new Error(`the turn must be free, but is ${claim.reason}`)
  const error = { code: 'provider_error', message: odd, status: 529, detail: odd }
  const end = { ...failed, reason: null, reply: { text: odd }, text: odd, error }
  expect(await store.settle(claim.lease, end)).to.equal(true)
  expect(await store.settle(claim.lease, end)).to.equal(true)
  return store.read(turnId)
}

describe('columns of a type that the host chose', () => {
  for (const { name, type, alter } of types) {
    const kind = databases.find((each) => each.name === name)!
    if (kind.skip !== null) {
      it(`end a turn as ${type} on ${name} (skipped: ${kind.skip})`)
      continue
    }

    it(`end a turn as ${type} on ${name}, whatever the agent and its provider said`, async () => {
      const rows = await openRows(kind)
      try {
        await rows.knex.raw(alter)
        const store = createSessionStore({ knex: rows.knex })
        const turn = await settled(rows, store)
        expect(turn).to.include({ status: 'failed', cost: completed.cost, providerStatus: 529 })
        expect(turn?.error?.code).to.equal('provider_error')
        if (type === 'json' && name === 'postgresql') {
          expect(turn?.reply).to.deep.equal({ text: odd })
        } else if (type === 'latin1') {
          expect(turn?.reply).to.equal(null)
          expect(turn?.reason).to.equal('text_not_stored')
        } else {
          expect(turn?.reply).to.deep.equal({ text: plain })
          expect(turn?.reason).to.equal(null)
        }
      } finally {
        await rows.close()
      }
    })
  }

  const postgresql = databases.find(({ name }) => name === 'postgresql')!
  if (postgresql.skip !== null) {
    it(`take snapshots, questions and what was asked as jsonb (skipped: ${postgresql.skip})`)
    return
  }
  it('take snapshots, questions and what was asked as jsonb', async () => {
    const rows = await openRows(postgresql)
    try {
      for (const name of ['turn_reply', 'turn_input', 'turn_asks']) {
        await rows.knex.raw(`alter table messages alter ?? type jsonb using ??::jsonb`, [
          name,
          name,
        ])
      }
      const store = createSessionStore({ knex: rows.knex })
      const conversationId = await rows.insertConversation()
      const turnId = await rows.insertTurn(conversationId)
      const request = { conversationId, turnId, owner: 'worker', leaseMs: 60_000 }
      const claim = await store.claim({ ...request, input: { text: odd } })
      if (!claim.claimed) throw new Error(`the turn must be free, but is ${claim.reason}`)
      expect(claim.turn.input).to.deep.equal({ text: plain })
      const fields = { reply: { text: odd }, text: 'so far' }
      expect(await store.snapshot(claim.lease, fields)).to.equal(true)
      const ask = { ...permissionAsk(), patterns: [odd] }
      await store.updateAsks(claim.lease, [{ type: 'opened', ask }])
      const turn = await store.read(turnId)
      expect(turn?.reply).to.deep.equal({ text: plain })
      expect(turn?.asks[0]).to.deep.include({ patterns: [plain] })
    } finally {
      await rows.close()
    }
  })
})
