import { databases } from '@turnstead-internal/databases'
import { conversationColumns, createSessionStore, messageColumns } from '@turnstead/session'
import { outboxMigration } from '@turnstead/session/outbox'
import type { Knex } from 'knex'

const postgresql = databases.find(({ name }) => name === 'postgresql')!

/** Why there is no PostgreSQL here; null when there is. */
export const postgresProblem: string | null = postgresql.skip

/** Conversations of users, with turns whose rows hold what was asked. */
export interface Rows {
  readonly knex: Knex
  readonly url: string
  addConversation(userId?: number): Promise<number>
  /** In a transaction, together with what the host adds to it. */
  addTurn(
    conversationId: number,
    text: string,
    also?: (trx: Knex, job: { conversationId: number; turnId: number }) => Promise<void>,
  ): Promise<{ conversationId: number; turnId: number }>
  status(turnId: number): Promise<string>
  /** The row, once its status is this. */
  until(turnId: number, status: string): Promise<Record<string, unknown>>
  close(): Promise<void>
}

export async function openRows(): Promise<Rows> {
  const { knex, url, close } = await postgresql.open({ isAlone: true })
  await knex.schema.createTable('conversations', (table) => {
    table.increments()
    table.integer('user_id').notNullable()
    conversationColumns(table)
  })
  await knex.schema.createTable('messages', (table) => {
    table.increments()
    table.integer('conversation_id').notNullable().references('conversations.id').index()
    messageColumns(table)
  })
  await outboxMigration().up(knex)
  const store = createSessionStore({ knex })
  return {
    knex,
    url,
    async addConversation(userId = 1) {
      const [row] = await knex('conversations').insert({ user_id: userId }).returning('id')
      return Number(row.id)
    },
    addTurn: (conversationId, text, also) =>
      knex.transaction(async (trx) => {
        const input = JSON.stringify({ text })
        const turn = { conversation_id: conversationId, turn_status: 'pending', turn_input: input }
        const [row] = await trx('messages').insert(turn).returning('id')
        const job = { conversationId, turnId: Number(row.id) }
        await also?.(trx, job)
        return job
      }),
    status: async (turnId) => String((await store.read(turnId))?.status),
    async until(turnId, status) {
      for (;;) {
        const row = await knex('messages').where('id', turnId).first()
        if (row.turn_status === status) return row
        await new Promise((resolve) => setTimeout(resolve, 25))
      }
    },
    close,
  }
}
