import {
  conversationColumns,
  createSessionStore,
  messageColumns,
  type SessionStore,
} from '@turnstead/session'
import type { Knex } from 'knex'
import type { TaskRows } from '../../src/index.js'

/** The tables of a host that keeps a conversation and a message for each call of the tool. */
export async function createTaskTables(knex: Knex): Promise<void> {
  await knex.schema.createTable('conversations', (table) => {
    table.string('id', 64).primary()
    conversationColumns(table)
  })
  await knex.schema.createTable('messages', (table) => {
    table.string('id', 64).primary()
    table.string('conversation_id', 64).notNullable()
    messageColumns(table)
  })
}

/** The rows of a chat: a new conversation for each call that names no session. */
export function taskRows(knex: Knex): TaskRows & { readonly store: SessionStore } {
  return {
    store: createSessionStore({ knex }),
    async find({ toolCallId, sessionId }) {
      const known = await knex('messages').where({ id: toolCallId }).first('conversation_id')
      const conversationId = await conversationOf(knex, { toolCallId, sessionId, known })
      if (conversationId === null) return null
      const message = { id: toolCallId, conversation_id: conversationId, turn_status: 'pending' }
      await knex('conversations').insert({ id: conversationId }).onConflict('id').ignore()
      await knex('messages').insert(message).onConflict('id').ignore()
      return { turnId: toolCallId, conversationId }
    },
  }
}

async function conversationOf(
  knex: Knex,
  call: {
    readonly toolCallId: string
    readonly sessionId: string | null
    readonly known: { readonly conversation_id: string } | undefined
  },
): Promise<string | null> {
  if (call.known !== undefined) return call.known.conversation_id
  if (call.sessionId === null) return call.toolCallId
  const owner: unknown = await knex('conversations')
    .where({ opencode_session_id: call.sessionId })
    .first('id')
  return typeof owner === 'object' && owner !== null && 'id' in owner ? String(owner.id) : null
}
