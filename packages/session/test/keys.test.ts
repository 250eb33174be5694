import { databases } from '@turnstead-internal/databases'
import type { OpenDatabase } from '@turnstead-internal/databases'
import { expect } from 'chai'
import type { Knex } from 'knex'
import { describe, it } from 'mocha'
import { createFakeUpstream } from '../src/contract/fake-upstream.js'
import { completed } from '../src/contract/subject.js'
import {
  conversationColumns,
  createSessionStore,
  messageColumns,
  SessionError,
} from '../src/index.js'
import type { RowId, SessionStore } from '../src/index.js'
import { createShiftedClock } from './support/shifted-clock.js'

type Column = (table: Knex.CreateTableBuilder, name: string) => Knex.ColumnBuilder

const capitals = '0B8F6A70-1111-4222-8333-ABCDEFABCDEF'
const leaseMs = 10_000

/** A host's tables whose keys have one type, with one row each. */
async function openKeys(
  kind: (typeof databases)[number],
  column: Column,
  key: RowId,
): Promise<{ database: OpenDatabase; store: SessionStore }> {
  const database = await kind.open()
  const { knex } = database
  await knex.schema.createTable('conversations', (table) => {
    column(table, 'id').primary()
    conversationColumns(table)
  })
  await knex.schema.createTable('messages', (table) => {
    column(table, 'id').primary()
    column(table, 'conversation_id')
    messageColumns(table)
  })
  await knex('conversations').insert({ id: key })
  await knex('messages').insert({ id: key, conversation_id: key, turn_status: 'pending' })
  return { database, store: createSessionStore({ knex }) }
}

async function codeOf(failing: Promise<unknown>): Promise<unknown> {
  return failing.then(
    () => 'no error',
    (error: unknown) => (SessionError.is(error) ? error.code : error),
  )
}

for (const kind of databases) {
  describe(`keys on ${kind.name}`, () => {
    if (kind.skip !== null) {
      it(`are taken in every form (skipped: ${kind.skip})`)
      return
    }

    const types: readonly { name: string; column: Column; key: RowId; others: RowId[] }[] = [
      {
        name: 'integers',
        column: (table, name) => table.integer(name),
        key: 1,
        others: ['abc', '1abc', '01', ' 1', '1.0', '1e0', '2147483648', 2 ** 40, -1, '\0', '🧵'],
      },
      {
        name: '64-bit integers',
        column: (table, name) => table.bigInteger(name),
        key: '9007199254740993',
        others: ['9007199254740992', '9007199254740993.0', '99999999999999999999', 'x', 7n],
      },
      {
        name: 'UUIDs',
        column: (table, name) => table.uuid(name),
        key: capitals.toLowerCase(),
        others: ['nope', 1, capitals.replaceAll('0', '1'), `${capitals}0`],
      },
      {
        name: 'texts',
        column: (table, name) => table.string(name, 255),
        key: `7${'k'.repeat(254)}`,
        others: [7, '7', `7${'k'.repeat(253)}`, '\0'],
      },
    ]
    for (const { name, column, key, others } of types) {
      it(`are ${name}, and no other key acts on their rows`, async () => {
        const { database, store } = await openKeys(kind, column, key)
        try {
          for (const other of others) {
            const shown = String(other)
            expect(await store.read(other), shown).to.equal(null)
            expect(await store.cancel({ turnId: other }), shown).to.equal(false)
            const claim = { owner: 'worker', leaseMs, conversationId: key, turnId: other }
            expect(await store.claim(claim), shown).to.include({ reason: 'missing' })
            const wrong = { ...claim, conversationId: other, turnId: key }
            expect(await store.claim(wrong), shown).to.include({ reason: 'missing' })
            const conversation = { ...claim, conversationId: other }
            expect(await store.claimConversation(conversation)).to.include({ reason: 'missing' })
            const session = store.ensureSession(other, createFakeUpstream())
            expect(await codeOf(session), shown).to.equal('conversation_not_found')
          }
          const ids = { conversationId: key, turnId: key }
          const claim = await store.claim({ ...ids, owner: 'worker', leaseMs })
          if (!claim.claimed) throw new Error(`the turn must be free, but is ${claim.reason}`)
          expect(await store.settle(claim.lease, completed)).to.equal(true)
          expect((await store.read(key))?.status).to.equal('completed')
        } finally {
          await database.close()
        }
      })
    }

    it('are exact in records, also where the driver rounds them', async () => {
      const column: Column = (table, name) => table.bigInteger(name)
      const key = '9007199254740993'
      const next = '9007199254740992'
      const { database, store } = await openKeys(kind, column, key)
      try {
        const { knex } = database
        await knex('messages').insert({ id: next, conversation_id: key, turn_status: 'pending' })
        const request = { conversationId: key, owner: 'worker', leaseMs }
        const first = await store.claim({ ...request, turnId: key })
        if (!first.claimed) throw new Error(`the turn must be free, but is ${first.reason}`)
        expect(String(first.turn.conversationId)).to.equal(key)
        await store.release(first.lease)
        const second = await store.claim({ ...request, turnId: next })
        if (!second.claimed) throw new Error(`the turn must be free, but is ${second.reason}`)
        expect(second.leftovers.map(({ turnId }) => String(turnId))).to.deep.equal([key])
        const { turn_id: holder } = await knex('conversations').first('turn_id')
        expect(holder).to.equal(next)
        expect(await store.adopt(second.lease, second.leftovers[0]!.turnId)).not.to.equal(null)
      } finally {
        await database.close()
      }
    })

    it('are bigints as drivers give them, and come back as what JSON takes', async () => {
      const column: Column = (table, name) => table.bigInteger(name)
      const { database, store } = await openKeys(kind, column, 12)
      try {
        const ids = { conversationId: 12n, turnId: 12n }
        const claim = await store.claim({ ...ids, owner: 'worker', leaseMs })
        if (!claim.claimed) throw new Error(`the turn must be free, but is ${claim.reason}`)
        expect(await store.settle(claim.lease, completed)).to.equal(true)
        const turn = JSON.parse(JSON.stringify(await store.read(12n))) as { turnId: unknown }
        expect(turn.turnId).to.equal(12)
        expect(await store.read(9_007_199_254_740_993n)).to.equal(null)
      } finally {
        await database.close()
      }
    })

    if (kind.name !== 'sqlite') {
      it('are one holder in two spellings of a UUID', async () => {
        const column: Column = (table, name) => table.uuid(name)
        const { database, store } = await openKeys(kind, column, capitals.toLowerCase())
        try {
          const clock = createShiftedClock()
          const again = createSessionStore({ knex: database.knex, instance: 'second', clock })
          const ids = { conversationId: capitals, turnId: capitals }
          const claim = await store.claim({ ...ids, owner: 'worker', leaseMs })
          if (!claim.claimed) throw new Error(`the turn must be free, but is ${claim.reason}`)
          clock.advance(leaseMs / 2)
          const lower = capitals.toLowerCase()
          const small = { conversationId: lower, turnId: lower, owner: 'worker', leaseMs }
          const second = await again.claim(small)
          expect(second.claimed).to.equal(true)
          expect(second.claimed && second.leftovers).to.deep.equal([])
          expect(await store.settle(claim.lease, completed)).to.equal(false)
        } finally {
          await database.close()
        }
      })
    }
  })
}

describe('keys that no row can have', () => {
  const kind = databases.find(({ name }) => name === 'sqlite')!

  it('are refused at the door, by name', async () => {
    const { database, store } = await openKeys(kind, (table, name) => table.integer(name), 1)
    try {
      for (const id of [Number.NaN, 1.5, Infinity, 2 ** 53, '', 'x'.repeat(256)]) {
        expect(await codeOf(store.read(id))).to.be.instanceOf(RangeError)
        const claim = { conversationId: id, turnId: 1, owner: 'worker', leaseMs }
        const error = await codeOf(store.claim(claim))
        expect(error).to.be.instanceOf(RangeError)
        expect(String(error)).to.include('`conversationId`')
      }
      for (const id of [undefined, null, {}, true]) {
        expect(await codeOf(store.read(id as never))).to.be.instanceOf(TypeError)
      }
    } finally {
      await database.close()
    }
  })
})
