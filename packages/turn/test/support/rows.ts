import { databases, type DatabaseName, type OpenDatabase } from '@turnstead-internal/databases'
import {
  conversationColumns,
  createSessionStore,
  messageColumns,
  type KnexSessionStore,
} from '@turnstead/session'

/** One conversation with its messages in a real database. */
export interface Rows {
  readonly database: OpenDatabase
  readonly store: KnexSessionStore
  readonly conversationId: number
  /** The same rows as another process has them, or this one after its restart. */
  anotherStore(): KnexSessionStore
  /** Adds a pending message and returns its id. */
  addMessage(): Promise<number>
  /** The message's columns as the database holds them. */
  row(turnId: number): Promise<Record<string, unknown>>
  close(): Promise<void>
}

export async function openRows(
  name: DatabaseName = 'sqlite',
  storeOptions: Omit<Parameters<typeof createSessionStore>[0], 'knex'> = {},
): Promise<Rows> {
  const kind = databases.find((one) => one.name === name)
  if (kind === undefined) throw new Error(`no database named ${name}`)
  const database = await kind.open()
  const { knex } = database
  await knex.schema.createTable('conversations', (table) => {
    table.increments()
    conversationColumns(table)
  })
  await knex.schema.createTable('messages', (table) => {
    table.increments()
    table.integer('conversation_id').notNullable()
    messageColumns(table)
  })
  await knex('conversations').insert({ id: 1 })
  let messages = 0
  return {
    database,
    store: createSessionStore({ knex, ...storeOptions }),
    anotherStore: () =>
      createSessionStore({ knex, ...storeOptions, instance: globalThis.crypto.randomUUID() }),
    conversationId: 1,
    async addMessage() {
      messages += 1
      await knex('messages').insert({ id: messages, conversation_id: 1, turn_status: 'pending' })
      return messages
    },
    async row(turnId) {
      const row: unknown = await knex('messages').where({ id: turnId }).first()
      const named = Object.entries(row as Record<string, unknown>)
      return Object.fromEntries(named.map(([name, value]) => [name.replace(/^turn_/, ''), value]))
    },
    close: () => database.close(),
  }
}
