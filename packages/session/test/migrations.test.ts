import { databases } from '@turnstead-internal/databases'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import {
  conversationColumns,
  createSessionStore,
  messageColumns,
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
          conversationColumns(table, conversations.columns)
        })
        await knex.schema.createTable('posts', (table) => {
          table.string('post_id', 36).primary()
          table.string('thread', 36)
          messageColumns(table, messages.columns)
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
