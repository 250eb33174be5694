import { databases } from '@turnstead-internal/databases'
import type { SessionStore } from '@turnstead/session'
import { sessionStoreContract } from '@turnstead/session/contract'
import { reply, startImpostor, text } from '@turnstead/testkit'
import { runContract } from '@turnstead/testkit/contract'
import { runTurn } from '@turnstead/turn'
import { createClient } from '@turnstead/wire'
import { expect } from 'chai'
import { Kysely, PostgresDialect, sql, SqliteDialect } from 'kysely'
import Database from 'libsql'
import { describe, it } from 'mocha'
import { setTimeout } from 'node:timers/promises'
import pg from 'pg'
import { createKyselyStore } from '../src/orms/kysely.js'
import type { ChatTables } from '../src/orms/kysely-rows.js'

const createMs = 30_000

interface Opened {
  readonly db: Kysely<ChatTables>
  readonly locks: 'rows' | 'none'
  readonly close: () => Promise<void>
}

const kinds: readonly { name: string; skip: string | null; open: () => Promise<Opened> }[] = [
  {
    name: 'SQLite',
    skip: null,
    open: async () => {
      // The driver has the interface of better-sqlite3.
      const database = new Database(':memory:') as never
      const db = new Kysely<ChatTables>({ dialect: new SqliteDialect({ database }) })
      return { db, locks: 'none', close: () => db.destroy() }
    },
  },
  {
    name: 'PostgreSQL',
    skip: databases.find(({ name }) => name === 'postgresql')!.skip,
    open: async () => {
      const database = await databases.find(({ name }) => name === 'postgresql')!.open()
      const pool = new pg.Pool({ connectionString: database.url, max: 10 })
      const db = new Kysely<ChatTables>({ dialect: new PostgresDialect({ pool }) })
      const close = async (): Promise<void> => {
        await db.destroy()
        await database.close()
      }
      return { db, locks: 'rows', close }
    },
  },
]

async function createTables({ db, locks }: Opened): Promise<void> {
  const id = sql.raw(locks === 'rows' ? 'serial primary key' : 'integer primary key')
  await sql`create table chat (id ${id}, state text not null default '{}')`.execute(db)
  await sql`create table note (id ${id}, chat integer not null references chat, status varchar(16), text text,
    reply text, unfinished integer not null default 0, state text not null default '{}')`.execute(
    db,
  )
  await sql`create index note_unfinished on note (chat, unfinished)`.execute(db)
}

describe('a store of one’s own', () => {
  it('carries a turn', async () => {
    const opened = await kinds[0]!.open()
    await using impostor = await startImpostor(reply(text('Hello from Kysely.')))
    await using client = createClient({ baseUrl: impostor.url })
    try {
      await createTables(opened)
      const { db, locks } = opened
      const clock = { now: () => Date.now(), sleep: (ms: number) => setTimeout(ms) }
      const store = createKyselyStore({ db, clock, locks, instance: 'first', createMs })
      await db.insertInto('chat').values({ id: 1 }).execute()
      const note = { id: 1, chat: 1, status: 'pending', text: null, reply: null } as const
      await db.insertInto('note').values(note).execute()
      const job = { conversationId: 1, turnId: 1, prompt: { text: 'Hi' } }
      const result = await runTurn({ client, store, owner: 'worker-1', ...job })
      expect(result.status).to.equal('completed')
      const row = await db.selectFrom('note').selectAll().executeTakeFirstOrThrow()
      expect(row).to.include({ status: 'completed', text: 'Hello from Kysely.', unfinished: 0 })
    } finally {
      await opened.close()
    }
  })
})

for (const { name, skip, open } of kinds) {
  describe(`a store on Kysely and ${name}`, () => {
    if (skip !== null) {
      it(`keeps the contract (skipped: ${skip})`)
      return
    }
    runContract({ describe, it }, 'contract', sessionStoreContract, {
      open: async () => {
        const opened = await open()
        const { db, locks } = opened
        await createTables(opened)
        let shiftMs = 0
        let lives = 0
        const clock = {
          now: () => Date.now() + shiftMs,
          sleep: (ms: number) => setTimeout(ms),
        }
        const store = (instance = 'first'): SessionStore =>
          createKyselyStore({ db, clock, locks, instance, createMs }) as SessionStore
        const insert = { chat: 0, note: 0 }
        return {
          subject: {
            store: store(),
            another: () => store(),
            restarted: () => store(`life ${(lives += 1)}`),
            insertConversation: async () => {
              insert.chat += 1
              await db.insertInto('chat').values({ id: insert.chat }).execute()
              return insert.chat
            },
            insertTurn: async (chat) => {
              insert.note += 1
              const note = { id: insert.note, chat: Number(chat), status: 'pending' } as const
              await db
                .insertInto('note')
                .values({ ...note, text: null, reply: null })
                .execute()
              return insert.note
            },
            advance: (ms) => void (shiftMs += ms),
            createMs,
          },
          close: opened.close,
        }
      },
    })
  })
}
