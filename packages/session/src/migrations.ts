import type { Knex } from 'knex'
import { addColumns, dropColumns } from './migrations/alter-table.js'
import { defineColumns } from './migrations/table-version.js'
import { conversationsVersion1, messagesVersion1 } from './migrations/turns.js'
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
  /**
   * Adds the columns and indexes that are missing, so that it may run again after it was interrupted. Rejects with a
   * `TypeError`, before any change, when the host has columns of these names.
   */
  readonly up: (knex: Knex) => Promise<void>
  /** Drops them, with all that is in them. */
  readonly down: (knex: Knex) => Promise<void>
}

/** One version of the columns. */
export interface NamedMigration extends TurnMigration {
  /** Never changes, so it may be the name in the host's table of migrations. */
  readonly name: string
}

/**
 * Every version of the columns from `from` on, oldest first, each as one step of the host's own chain. Nothing here runs
 * by itself.
 *
 * @example
 *     const [turns] = migrations({ messages: { prefix: 'ai_' } })
 *     export const { up, down } = turns
 */
export function migrations(
  options: TurnMigrationOptions & {
    /** The first version that the host does not have yet. Default: 1, all of them. */
    readonly from?: number
  } = {},
): readonly NamedMigration[] {
  const { from = 1 } = options
  const all = [turns(options)]
  if (!Number.isSafeInteger(from) || from < 1 || from > all.length + 1) {
    throw new RangeError(`\`from\` must be a version of the columns, 1 to ${all.length + 1}.`)
  }
  return all.slice(from - 1)
}

/** All versions as one migration, for tables that have none of the columns. */
export function turnMigration(options: TurnMigrationOptions = {}): TurnMigration {
  const all = migrations(options)
  return {
    up: async (knex) => {
      for (const { up } of all) await up(knex)
    },
    down: async (knex) => {
      for (const { down } of all.toReversed()) await down(knex)
    },
  }
}

/**
 * Adds to a table that is being created all that a conversation needs, but its key and title. Takes the same options
 * as the store; without `table`, the indexes are named as for `conversations`.
 */
export function conversationColumns(
  table: Knex.CreateTableBuilder,
  options: TableOptions<ConversationColumns> = {},
): void {
  const conversations = conversationTable(options)
  defineColumns(table, conversations.table, conversationsVersion1(conversations.columns))
}

/**
 * Adds to a table that is being created all that a turn needs, but its key and the conversation's. The status is null
 * until the host writes `pending`, so other messages are no turns. Without `table`, the indexes are named as for
 * `messages`.
 */
export function messageColumns(
  table: Knex.CreateTableBuilder,
  options: TableOptions<MessageColumns> = {},
): void {
  const messages = messageTable(options)
  defineColumns(table, messages.table, messagesVersion1(messages.columns))
}

function turns(options: TurnMigrationOptions): NamedMigration {
  const conversations = conversationTable(options.conversations)
  const messages = messageTable(options.messages)
  const steps = [
    {
      option: 'conversations',
      table: conversations.table,
      version: conversationsVersion1(conversations.columns),
    },
    { option: 'messages', table: messages.table, version: messagesVersion1(messages.columns) },
  ]
  return {
    name: 'turnstead-001-turns',
    up: (knex) => addColumns(knex, steps),
    down: (knex) => dropColumns(knex, steps),
  }
}
