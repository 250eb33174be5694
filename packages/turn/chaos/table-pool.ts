import { conversationColumns, messageColumns } from '@turnstead/session'
import { outboxMigration } from '@turnstead/session/outbox'
import type { Knex } from 'knex'
import type { Place } from './place.js'

/** Tables for one experiment after the other: to make and to drop them takes longer than most experiments. */
export interface TablePool {
  /** Empty ones, which no other experiment has. */
  take(): Promise<Place>
  give(place: Place): Promise<void>
}

export function createTablePool(knex: Knex): TablePool {
  const idle: Place[] = []
  let count = 0
  return {
    async take() {
      const place = idle.pop()
      if (place !== undefined) return place
      count += 1
      return await makeTables(knex, {
        conversations: `conversations_${count}`,
        messages: `messages_${count}`,
        outbox: `outbox_${count}`,
      })
    },
    async give(place) {
      for (const table of Object.values(place)) await knex(table).delete()
      idle.push(place)
    },
  }
}

async function makeTables(knex: Knex, place: Place): Promise<Place> {
  await knex.schema.createTable(place.conversations, (table) => {
    table.increments()
    conversationColumns(table, { table: place.conversations })
  })
  await knex.schema.createTable(place.messages, (table) => {
    table.increments()
    table.integer('conversation_id').notNullable()
    messageColumns(table, { table: place.messages })
  })
  await outboxMigration({ table: place.outbox }).up(knex)
  return place
}
