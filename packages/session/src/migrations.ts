import type { Knex } from 'knex'
import { conversationTable, messageTable } from './tables.js'
import type { ConversationColumns, MessageColumns, TableOptions } from './tables.js'

/** Which of the host's tables to change, named as for `createSessionStore`. */
export interface TurnMigrationOptions {
  /** The conversations. Default table: `conversations`. */
  readonly conversations?: TableOptions<ConversationColumns>
  /** The messages. Default table: `messages`. */
  readonly messages?: TableOptions<MessageColumns>
}

/** A migration as Knex takes it. */
export interface TurnMigration {
  /** Adds the columns. */
  readonly up: (knex: Knex) => Promise<void>
  /** Drops them, with all that is in them. */
  readonly down: (knex: Knex) => Promise<void>
}

/**
 * Adds to a table that is being created or altered what a conversation needs, all but its key and title. Existing
 * rows need nothing.
 */
export function conversationColumns(
  table: Knex.CreateTableBuilder,
  columns: Partial<ConversationColumns> = {},
): void {
  const names = conversationTable({ columns }).columns
  table.string(names.sessionId, 128).nullable().index()
  table.string(names.mintTokens, 512).nullable()
  table.string(names.mintClaim, 64).nullable()
  table.bigInteger(names.mintExpiresAt).nullable()
  table.bigInteger(names.turnFence).notNullable().defaultTo(0)
  table.string(names.turnOwner, 255).nullable()
  table.string(names.turnId, 64).nullable()
  table.bigInteger(names.turnExpiresAt).nullable()
}

/**
 * Adds to a table that is being created or altered what a turn needs, all but its key and the conversation's. The
 * status is null until the host writes `pending`, so existing rows are no turns.
 */
export function messageColumns(
  table: Knex.CreateTableBuilder,
  columns: Partial<MessageColumns> = {},
): void {
  const names = messageTable({ columns }).columns
  table.string(names.status, 16).nullable()
  table.bigInteger(names.turnFence).notNullable().defaultTo(0)
  table.string(names.promptId, 64).nullable()
  table.string(names.promptSessionId, 128).nullable()
  // JSON is kept as text: what a hostile agent can write into it would be refused by one JSON type or another.
  table.text(names.promptPartIds, 'longtext').nullable()
  table.integer(names.promptRuns).notNullable().defaultTo(0)
  table.text(names.reply, 'longtext').nullable()
  table.text(names.text, 'longtext').nullable()
  table.text(names.reasoning, 'longtext').nullable()
  table.double(names.cost).notNullable().defaultTo(0)
  table.bigInteger(names.inputTokens).notNullable().defaultTo(0)
  table.bigInteger(names.outputTokens).notNullable().defaultTo(0)
  table.bigInteger(names.reasoningTokens).notNullable().defaultTo(0)
  table.bigInteger(names.cacheReadTokens).notNullable().defaultTo(0)
  table.bigInteger(names.cacheWriteTokens).notNullable().defaultTo(0)
  table.string(names.errorCode, 64).nullable()
  table.text(names.errorMessage, 'longtext').nullable()
  table.text(names.reason, 'longtext').nullable()
  table.string(names.finish, 64).nullable()
  table.bigInteger(names.startedAt).nullable()
  table.bigInteger(names.settledAt).nullable()
}

/** A migration for the host's own chain that adds both sets of columns to existing tables. Nothing here runs by itself. */
export function turnMigration(options: TurnMigrationOptions = {}): TurnMigration {
  const conversations = conversationTable(options.conversations)
  const messages = messageTable(options.messages)
  return {
    up: async (knex) => {
      await knex.schema.alterTable(conversations.table, (table) =>
        conversationColumns(table, conversations.columns),
      )
      await knex.schema.alterTable(messages.table, (table) =>
        messageColumns(table, messages.columns),
      )
    },
    down: async (knex) => {
      await knex.schema.alterTable(messages.table, (table) => {
        table.dropColumns(...except(messages.columns, ['id', 'conversationId']))
      })
      await knex.schema.alterTable(conversations.table, (table) => {
        table.dropIndex(conversations.columns.sessionId)
      })
      await knex.schema.alterTable(conversations.table, (table) => {
        table.dropColumns(...except(conversations.columns, ['id', 'title']))
      })
    },
  }
}

/** The names of the columns that are not the host's own. */
function except<Columns extends object>(
  columns: Columns,
  own: readonly (keyof Columns)[],
): string[] {
  const names = Object.entries(columns).filter(([key]) => !own.includes(key as keyof Columns))
  return names.map(([, name]) => String(name))
}
