import { databases } from '@turnstead-internal/databases'
import { expect } from 'chai'
import createKnex from 'knex'
import { describe, it } from 'mocha'
import {
  conversationColumns,
  createSessionStore,
  messageColumns,
  migrations,
  migrationSql,
  turnMigration,
} from '../src/index.js'
import { createHostTables } from './support/open-rows.js'

describe('turnMigration', () => {
  for (const kind of databases) {
    if (kind.skip !== null) {
      it(`goes up and down on ${kind.name} (skipped: ${kind.skip})`)
      continue
    }

    it(`goes up and down on ${kind.name} and keeps the host's rows`, async () => {
      const { knex, close } = await kind.open()
      try {
        await createHostTables(knex)
        await knex('conversations').insert({ title: 'kept' })
        const before = [
          await knex('conversations').columnInfo(),
          await knex('messages').columnInfo(),
        ].map((columns) => Object.keys(columns).toSorted())
        const { up, down } = turnMigration()
        await up(knex)
        const conversation = await knex('conversations').first()
        expect(conversation).to.include({ title: 'kept', opencode_session_id: null })
        expect(Number(conversation.turn_fence)).to.equal(0)
        await down(knex)
        const after = [
          await knex('conversations').columnInfo(),
          await knex('messages').columnInfo(),
        ].map((columns) => Object.keys(columns).toSorted())
        expect(after).to.deep.equal(before)
        expect(await knex('conversations').select('title')).to.deep.equal([{ title: 'kept' }])
        await up(knex)
      } finally {
        await close()
      }
    })

    it(`goes on where an earlier run on ${kind.name} was interrupted, in both directions`, async () => {
      const { knex, close } = await kind.open()
      try {
        await createHostTables(knex)
        const { up, down } = turnMigration()
        await up(knex)
        await knex.schema.alterTable('messages', (table) => {
          table.dropColumns('turn_reply', 'turn_settled_at', 'turn_closed_at')
        })
        await up(knex)
        await up(knex)
        expect(await knex.schema.hasColumn('messages', 'turn_closed_at')).to.equal(true)
        await knex('conversations').insert([{ id: 1 }, { id: 2 }])
        const session = { opencode_session_id: 'ses_1' }
        await knex('conversations').where({ id: 1 }).update(session)
        const second: unknown = await knex('conversations')
          .where({ id: 2 })
          .update(session)
          .catch((error: unknown) => error)
        expect(second).to.be.instanceOf(Error)
        await down(knex)
        await down(knex)
        expect(await knex.schema.hasColumn('messages', 'turn_fence')).to.equal(false)
      } finally {
        await close()
      }
    })

    it(`changes nothing on ${kind.name} where the host has columns of the same names, and says what to do`, async () => {
      const { knex, close } = await kind.open()
      try {
        await createHostTables(knex)
        await knex.schema.alterTable('messages', (table) => {
          table.text('turn_text')
          table.string('turn_status')
        })
        const error: unknown = await turnMigration()
          .up(knex)
          .catch((reason: unknown) => reason)
        expect(error).to.be.instanceOf(TypeError)
        expect(String(error)).to.match(/`messages`.*`turn_status`, `turn_text`.*`messages\.prefix`/)
        expect(await knex.schema.hasColumn('conversations', 'turn_fence')).to.equal(false)
        const messages = { prefix: 'ai_' }
        await turnMigration({ messages }).up(knex)
        await knex('conversations').insert({ id: 1 })
        await knex('messages').insert({ id: 1, conversation_id: 1, ai_status: 'pending' })
        const store = createSessionStore({ knex, messages })
        const claim = await store.claim({
          conversationId: 1,
          turnId: 1,
          owner: 'worker',
          leaseMs: 1000,
        })
        expect(claim.claimed).to.equal(true)
        await turnMigration({ messages }).down(knex)
        expect(await knex('messages').first('id', 'turn_text', 'turn_status')).to.deep.equal({
          id: 1,
          turn_text: null,
          turn_status: null,
        })
      } finally {
        await close()
      }
    })

    it(`takes other names of tables and columns on ${kind.name}`, async () => {
      const { knex, close } = await kind.open()
      const conversations = {
        table: 'threads',
        columns: {
          id: 'thread_id',
          title: 'subject',
          sessionId: 'agent_session',
          turnFence: 'agent_fence',
        },
      }
      const messages = {
        table: 'posts',
        columns: {
          id: 'post_id',
          conversationId: 'thread',
          status: 'state',
          turnFence: 'agent_fence',
          reply: 'answer',
        },
      }
      try {
        await knex.schema.createTable('threads', (table) => {
          table.string('thread_id', 36).primary()
          table.string('subject')
          conversationColumns(table, conversations)
        })
        await knex.schema.createTable('posts', (table) => {
          table.string('post_id', 36).primary()
          table.string('thread', 36)
          messageColumns(table, messages)
        })
        await knex('threads').insert({ thread_id: 'th-1', subject: 'Named' })
        await knex('posts').insert({ post_id: 'po-1', thread: 'th-1', state: 'pending' })
        const store = createSessionStore({ knex, conversations, messages })
        const claim = await store.claim({
          conversationId: 'th-1',
          turnId: 'po-1',
          owner: 'worker',
          leaseMs: 1000,
        })
        expect(claim.claimed).to.equal(true)
        const titles: unknown[] = []
        await store.ensureSession('th-1', {
          create: async ({ title }) => {
            titles.push(title)
            return { id: 'ses_named' }
          },
          delete: async () => undefined,
          abort: async () => undefined,
        })
        expect(titles).to.deep.equal(['Named'])
        expect(await knex('threads').first('agent_session')).to.deep.equal({
          agent_session: 'ses_named',
        })
      } finally {
        await close()
      }
    })
  }
})

describe('migrations', () => {
  it('gives one named step per version, from the one that is asked for', () => {
    expect(migrations().map(({ name }) => name)).to.deep.equal([
      'turnstead-001-turns',
      'turnstead-002-inbox',
      'turnstead-003-waiting',
    ])
    expect(migrations({ from: 3 }).map(({ name }) => name)).to.deep.equal(['turnstead-003-waiting'])
    expect(migrations({ from: 4 })).to.deep.equal([])
    for (const from of [0, 5, 1.5, Number.NaN]) {
      expect(() => migrations({ from })).to.throw(RangeError, '`from`')
    }
  })

  it('names the table that is not there', async () => {
    const kind = databases.find(({ name }) => name === 'sqlite')!
    const { knex, close } = await kind.open()
    try {
      const error: unknown = await turnMigration()
        .up(knex)
        .catch((reason: unknown) => reason)
      expect(error).to.be.instanceOf(TypeError)
      expect(String(error)).to.match(/`conversations`.*`conversations\.table`/)
    } finally {
      await close()
    }
  })

  const postgresql = databases.find(({ name }) => name === 'postgresql')!
  if (postgresql.skip !== null) {
    it(`find tables anywhere on the search path (skipped: ${postgresql.skip})`)
  } else {
    it('find tables anywhere on the search path', async () => {
      const { knex, url, close } = await postgresql.open()
      const { rows } = await knex.raw('select current_schema() as present')
      const first = `first_${process.pid}`
      const searchPath = [first, rows[0].present]
      const both = createKnex({
        client: 'pg',
        connection: url,
        searchPath,
        pool: { min: 0, max: 1 },
      })
      try {
        await createHostTables(knex)
        await knex.raw('create schema ??', [first])
        const { up, down } = turnMigration()
        await both.transaction(up)
        await up(both)
        await down(both)
        await up(both)
        await knex('conversations').insert({ id: 1 })
        expect(await knex('conversations').first('turn_owner')).to.deep.equal({ turn_owner: null })
      } finally {
        await both.destroy()
        await knex.raw('drop schema if exists ?? cascade', [first])
        await close()
      }
    })
  }

  for (const name of ['postgresql', 'mysql'] as const) {
    const kind = databases.find((each) => each.name === name)!
    if (kind.skip !== null) {
      it(`go up, down and up again in another schema of ${name} (skipped: ${kind.skip})`)
      continue
    }

    it(`go up, down and up again in another schema of ${name}`, async () => {
      const { knex, close } = await kind.open()
      const schema = `other_${process.pid}_${'x'.repeat(30)}`
      const conversations = { table: `${schema}.conversations_with_a_rather_long_name` }
      const messages = { table: `${schema}.messages` }
      try {
        await knex.raw('create schema ??', [schema])
        await knex.schema.withSchema(schema).createTable(tail(conversations.table), (table) => {
          table.increments('id')
        })
        await knex.schema.withSchema(schema).createTable('messages', (table) => {
          table.increments('id')
          table.integer('conversation_id').unsigned()
        })
        const { up, down } = turnMigration({ conversations, messages })
        await up(knex)
        await up(knex)
        await down(knex)
        await up(knex)
        await knex(conversations.table).insert({ id: 1 })
        await knex(messages.table).insert({ id: 1, conversation_id: 1, turn_status: 'pending' })
        const store = createSessionStore({ knex, conversations, messages })
        const ids = { conversationId: 1, turnId: 1 }
        const claim = await store.claim({ ...ids, owner: 'worker', leaseMs: 1000 })
        expect(claim.claimed).to.equal(true)
      } finally {
        await knex.raw(`drop schema if exists ?? ${name === 'mysql' ? '' : 'cascade'}`, [schema])
        await close()
      }
    })
  }
})

function tail(table: string): string {
  return table.slice(table.lastIndexOf('.') + 1)
}

describe('the options of migrations and stores', () => {
  const knex = createKnex({ client: 'pg' })

  it('are refused where there are none of that name: the columns would go to another table', () => {
    const misspelt = { message: { table: 'posts' } } as never
    expect(() => migrations(misspelt)).to.throw(TypeError, 'no option "message"; it has')
    for (const [name, options] of Object.entries({
      tabel: { messages: { tabel: 'posts' } },
      colums: { conversations: { colums: { id: 'key' } } },
    })) {
      const words = `has no option "${name}"; it has \`table\``
      expect(() => migrations(options as never)).to.throw(TypeError, words)
      expect(() => createSessionStore({ knex, ...options } as never)).to.throw(TypeError, words)
    }
  })

  it('may be those of `assertSchema`, and undefined where the default is meant', async () => {
    expect(migrations({ outbox: {}, history: {} } as never)).to.have.length.above(0)
    const [first] = migrationSql({ client: 'pg', messages: { prefix: undefined } as never })
    expect(first?.up.join()).to.contain('turn_status').and.not.contain('undefined')
  })
})
