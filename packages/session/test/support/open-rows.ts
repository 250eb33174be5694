import type { DatabaseKind, OpenDatabase } from '@turnstead-internal/databases'
import type { Knex } from 'knex'
import { serversMigration, turnMigration } from '../../src/index.js'
import type { RowId } from '../../src/index.js'

/** A host's two tables in a fresh database, after the host's and our migration. */
export interface Rows {
  readonly database: OpenDatabase
  readonly knex: Knex
  readonly insertConversation: (title?: string) => Promise<RowId>
  readonly insertTurn: (conversationId: RowId) => Promise<RowId>
  readonly clear: () => Promise<void>
  readonly close: () => Promise<void>
}

export async function openRows(kind: DatabaseKind): Promise<Rows> {
  const database = await kind.open()
  const { knex } = database
  await createHostTables(knex)
  await turnMigration().up(knex)
  await serversMigration().up(knex)
  return {
    database,
    knex,
    insertConversation: async (title = 'A title') => {
      await knex('conversations').insert({ title })
      return newestId(knex, 'conversations')
    },
    insertTurn: async (conversationId) => {
      await knex('messages').insert({ conversation_id: conversationId, turn_status: 'pending' })
      return newestId(knex, 'messages')
    },
    clear: async () => {
      await knex('messages').delete()
      await knex('conversations').delete()
      await knex('turnstead_servers').delete()
    },
    close: database.close,
  }
}

export async function createHostTables(knex: Knex): Promise<void> {
  await knex.schema.createTable('conversations', (table) => {
    table.increments('id')
    table.string('title')
  })
  await knex.schema.createTable('messages', (table) => {
    table.increments('id')
    table.integer('conversation_id').unsigned().notNullable().index()
    table.foreign('conversation_id').references('conversations.id')
    table.string('content')
  })
}

async function newestId(knex: Knex, table: string): Promise<RowId> {
  const row = await knex(table).max({ newest: 'id' }).first()
  return Number(row?.newest ?? 0)
}
