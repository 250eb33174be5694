import { databases } from '@turnstead-internal/databases'
import { expect } from 'chai'
import type { Knex } from 'knex'
import { describe, it } from 'mocha'
import {
  createHistoryStore,
  type HistoryEntry,
  historyMigration,
  historySql,
  type KnexHistoryStore,
} from '../src/history.js'
import { assertSchema, turnMigration } from '../src/index.js'
import { createHostTables } from './support/open-rows.js'

function entry(position: number, more: Partial<HistoryEntry> = {}): HistoryEntry {
  const messages = [
    {
      info: { id: `msg_${position}` },
      parts: [{ id: 'prt', text: 'Word \u0000 \ud83d\ude00 '.repeat(200) }],
    },
  ]
  return {
    position,
    turnId: position + 1,
    sessionId: 'ses_1',
    newestId: `msg_${position}`,
    previousId: position === 0 ? null : `msg_${position - 1}`,
    updatedAt: 1_700_000_000_000 + position,
    server: null,
    lacks: null,
    sessions: [{ info: { id: 'ses_1', title: 'A title' }, messages }],
    ...more,
  }
}
const headOf = ({ sessions: _, turnId, ...head }: HistoryEntry): object => ({
  ...head,
  turnId: String(turnId),
})

for (const kind of databases) {
  describe(`createHistoryStore on ${kind.name}`, () => {
    if (kind.skip !== null) {
      it(`keeps what turns added (skipped: ${kind.skip})`)
      return
    }
    const withStore = async (
      work: (means: {
        store: KnexHistoryStore
        knex: Knex
        rows: (change: Record<string, unknown>, position: number) => Promise<number>
        count: () => Promise<number>
      }) => Promise<void>,
    ): Promise<void> => {
      const database = await kind.open()
      const { knex } = database
      try {
        await historyMigration().up(knex)
        await work({
          store: createHistoryStore({ knex: () => knex }),
          knex,
          rows: async (change, position) =>
            Number(await knex('turnstead_history').where({ position }).update(change)),
          count: async () => (await knex('turnstead_history').select('id')).length,
        })
      } finally {
        await database.close()
      }
    }
    const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
      promise.then(
        () => null,
        (error: unknown) => (error as { readonly code?: unknown }).code,
      )

    it('refuses by its code what is more than a row may have', () =>
      withStore(async ({ store, knex, count }) => {
        const small = createHistoryStore({ knex, maxEntryBytes: 100 })
        const lease = { conversationId: 1, fence: 1 }
        expect(await codeOf(small.keep(lease, entry(0)))).to.equal('history_too_large')
        expect(await count()).to.equal(0)
        await small.keep(lease, { ...entry(0), sessions: [], lacks: 'too large' })
        expect(await store.newest(1)).to.include({ lacks: 'too large' })
      }))

    it('gives back what was kept, in order, and where it ends', () =>
      withStore(async ({ store }) => {
        expect(await store.newest(1)).to.equal(null)
        expect(await store.read(1)).to.deep.equal([])
        const entries = [0, 1, 2].map((position) => entry(position))
        for (const each of entries) await store.keep({ conversationId: 1, fence: 1 }, each)
        await store.keep({ conversationId: 11, fence: 1 }, entry(0, { newestId: 'msg_other' }))
        expect(await store.newest(1)).to.deep.equal(headOf(entries[2]!))
        const read = await store.read('1')
        expect(read).to.deep.equal(
          entries.map((each) => ({ ...each, turnId: String(each.turnId) })),
        )
        expect(await store.remove(1)).to.equal(3)
        expect(await store.read(1)).to.deep.equal([])
        expect(await store.newest(11)).to.have.property('newestId', 'msg_other')
      }))

    it('is written by the newest lease', () =>
      withStore(async ({ store }) => {
        await store.keep({ conversationId: 1, fence: 5 }, entry(0))
        await store.keep({ conversationId: 1, fence: 5 }, entry(0, { server: 'again' }))
        await store.keep({ conversationId: 1, fence: 4 }, entry(0, { server: 'late' }))
        expect(await store.newest(1)).to.have.property('server', 'again')
        await store.keep({ conversationId: 1, fence: 6 }, entry(0, { server: 'next', turnId: 9 }))
        expect(await store.newest(1)).to.include({ server: 'next', turnId: '9' })
        expect(await store.read(1)).to.have.length(1)
      }))

    it('begins anew with an entry that has the whole session', () =>
      withStore(async ({ store, count }) => {
        for (const position of [0, 1, 2]) {
          await store.keep({ conversationId: 1, fence: 1 }, entry(position))
        }
        await store.keep({ conversationId: 1, fence: 2 }, entry(3, { previousId: null }))
        await store.keep({ conversationId: 1, fence: 2 }, entry(4))
        expect((await store.read(1)).map(({ position }) => position)).to.deep.equal([3, 4])
        expect(await count()).to.equal(2)
      }))

    it('refuses what lacks an entry, or is not what was written', () =>
      withStore(async ({ store, rows }) => {
        const keepAll = async (): Promise<void> => {
          for (const position of [0, 1, 2]) {
            await store.keep({ conversationId: 1, fence: 1 }, entry(position))
          }
        }
        const wrongs: [change: Record<string, unknown>, position: number][] = [
          [{ conversation_id: 'gone' }, 0],
          [{ conversation_id: 'gone' }, 1],
          [{ body: 'AAAA' }, 1],
          [{ body: Buffer.from('[]').toString('base64'), encoding: 'json' }, 2],
          [{ newest_id: 'msg_x' }, 1],
          [{ position: 7 }, 2],
          [{ lacks: 'some' }, 1],
          [{ previous_id: 'msg_7' }, 2],
        ]
        for (const [change, position] of wrongs) {
          await store.remove(1)
          await store.remove('gone')
          await keepAll()
          expect(await rows(change, position)).to.equal(1)
          expect(await codeOf(store.read(1)), JSON.stringify(change)).to.equal('history_damaged')
        }
        await store.remove(1)
        await keepAll()
        expect(await store.read(1)).to.have.length(3)
      }))

    it('keeps turns with one statement, however many processes do', () =>
      withStore(async ({ store }) => {
        await Promise.all(
          Array.from({ length: 12 }, (_, fence) =>
            store.keep({ conversationId: 1, fence }, entry(0, { server: `fence ${fence}` })),
          ),
        )
        expect(await store.newest(1)).to.have.property('server', 'fence 11')
      }))

    it('has a migration that goes up twice and down, under other names, and as SQL', async () => {
      const database = await kind.open()
      const { knex } = database
      try {
        const { up, down, name } = historyMigration({ table: 'their_history' })
        await up(knex)
        await up(knex)
        const store = createHistoryStore({ knex, table: 'their_history' })
        await store.keep({ conversationId: 1, fence: 1 }, entry(0))
        expect(await store.newest(1)).to.have.property('newestId', 'msg_0')
        await down(knex)
        expect(await knex.schema.hasTable('their_history')).to.equal(false)
        const client = kind.name === 'postgresql' ? 'pg' : kind.name
        const sql = historySql({ client, table: 'their_history' })
        expect(sql.name).to.equal(name)
        for (const statement of sql.up) await knex.raw(statement)
        await store.keep({ conversationId: 1, fence: 1 }, entry(0))
        expect(await store.read(1)).to.have.length(1)
      } finally {
        await database.close()
      }
    })

    it('is looked at by assertSchema', async () => {
      const database = await kind.open()
      const { knex } = database
      try {
        await createHostTables(knex)
        await turnMigration().up(knex)
        const message = await assertSchema(knex, { history: {} }).then(
          () => '',
          (error: unknown) => String(error),
        )
        expect(message).to.include('historyMigration()')
        await historyMigration().up(knex)
        await assertSchema(knex, { history: {} })
      } finally {
        await database.close()
      }
    })
  })
}
