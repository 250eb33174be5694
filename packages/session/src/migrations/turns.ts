import type { Knex } from 'knex'
import type { ConversationColumns, MessageColumns } from '../tables.js'
import type { NewColumn, TableVersion } from './table-version.js'

type Add = NewColumn['add']

/** @internal What version 1 adds to the conversations. */
export function conversationsVersion1(names: ConversationColumns): TableVersion {
  return {
    columns: [
      column(names.turnFence, (table, name) => table.bigInteger(name).notNullable().defaultTo(0)),
      column(names.turnOwner, (table, name) => table.string(name, 255).nullable()),
      column(names.turnInstance, (table, name) => table.string(name, 255).nullable()),
      // As wide as a host's own keys may be.
      column(names.turnId, (table, name) => table.string(name, 255).nullable()),
      column(names.turnExpiresAt, (table, name) => table.bigInteger(name).nullable()),
      column(names.sessionId, (table, name) => table.string(name, 128).nullable()),
      column(names.createKeys, (table, name) => table.text(name).nullable()),
      column(names.createClaim, (table, name) => table.string(name, 64).nullable()),
      column(names.createExpiresAt, (table, name) => table.bigInteger(name).nullable()),
      column(names.rules, (table, name) => table.string(name, 64).nullable()),
      column(names.sessionTitle, (table, name) => table.text(name).nullable()),
    ],
    indexes: [
      // Two conversations in one session would get each other's answers.
      { columns: [names.sessionId], unique: true },
      { columns: [names.turnExpiresAt], unique: false },
    ],
  }
}

/** @internal What version 1 adds to the messages. */
export function messagesVersion1(names: MessageColumns): TableVersion {
  return {
    columns: [
      column(names.turnFence, count),
      column(names.turnRevision, count),
      column(names.status, (table, name) => table.string(name, 16).nullable()),
      // JSON is kept as text: what a hostile agent can write into it would be refused by one JSON type or another.
      column(names.promptInput, longText),
      column(names.promptId, (table, name) => table.string(name, 64).nullable()),
      column(names.promptSessionId, (table, name) => table.string(name, 128).nullable()),
      column(names.promptPartIds, longText),
      column(names.promptRuns, (table, name) => table.integer(name).notNullable().defaultTo(0)),
      column(names.sessionRecreated, (table, name) =>
        table.boolean(name).notNullable().defaultTo(false),
      ),
      column(names.reply, longText),
      column(names.text, longText),
      column(names.reasoning, longText),
      column(names.cost, (table, name) => table.double(name).notNullable().defaultTo(0)),
      column(names.inputTokens, count),
      column(names.outputTokens, count),
      column(names.reasoningTokens, count),
      column(names.cacheReadTokens, count),
      column(names.cacheWriteTokens, count),
      column(names.errorCode, (table, name) => table.string(name, 64).nullable()),
      column(names.errorMessage, longText),
      column(names.errorStatus, (table, name) => table.integer(name).nullable()),
      column(names.errorDetail, longText),
      column(names.reason, longText),
      column(names.finish, (table, name) => table.string(name, 64).nullable()),
      column(names.startedAt, time),
      column(names.settledAt, time),
      column(names.closedAt, time),
      column(names.asks, longText),
      column(names.asksRevision, count),
      column(names.waitingSince, time),
      column(names.pendingSince, time),
      column(names.trace, (table, name) => table.text(name).nullable()),
    ],
    // For a search through all conversations for turns that were left running or half done.
    indexes: [{ columns: [names.status, names.closedAt], unique: false }],
  }
}

function column(
  name: string,
  add: (table: Knex.CreateTableBuilder, name: string) => unknown,
): NewColumn {
  const into: Add = (table) => void add(table, name)
  return { name, add: into }
}

function count(table: Knex.CreateTableBuilder, name: string): unknown {
  return table.bigInteger(name).notNullable().defaultTo(0)
}

function longText(table: Knex.CreateTableBuilder, name: string): unknown {
  return table.text(name, 'longtext').nullable()
}

function time(table: Knex.CreateTableBuilder, name: string): unknown {
  return table.bigInteger(name).nullable()
}
