import { conversationColumns, messageColumns, migrations } from '@turnstead/session'
import { historyMigration } from '@turnstead/session/history'
import type { Knex } from 'knex'

interface Migration extends Knex.Migration {
  readonly name: string
}

/** The application's own chain. What a turn needs comes from `@turnstead/session`, as one step of it. */
const steps: readonly Migration[] = [
  {
    name: '0001-conversations-and-messages',
    up: async (database) => {
      await database.schema.createTable('conversations', (table) => {
        table.increments('id')
        table.string('title', 200).notNullable()
        table.bigInteger('created_at').notNullable()
        conversationColumns(table)
      })
      await database.schema.createTable('messages', (table) => {
        table.increments('id')
        table
          .integer('conversation_id')
          .notNullable()
          .references('conversations.id')
          .onDelete('CASCADE')
        table.text('body').notNullable()
        table.bigInteger('created_at').notNullable()
        messageColumns(table)
        table.index(['conversation_id', 'id'])
      })
    },
    down: async (database) => {
      await database.schema.dropTable('messages')
      await database.schema.dropTable('conversations')
    },
  },
  {
    name: '0002-uploads',
    up: async (database) => {
      await database.schema.alterTable('messages', (table) => void table.text('uploads'))
    },
    down: async (database) => {
      await database.schema.alterTable('messages', (table) => void table.dropColumn('uploads'))
    },
  },
  { ...historyMigration(), name: '0003-history' },
  {
    // For tables of an earlier version; in new ones it finds its work done.
    name: '0004-waiting-turns',
    up: async (database) => {
      for (const { up } of migrations({ from: 2 })) await up(database)
    },
    down: async (database) => {
      for (const { down } of migrations({ from: 2 }).toReversed()) await down(database)
    },
  },
  {
    // What was there before there were users belongs to the one that there is without a log-in.
    name: '0005-users-and-folders',
    up: async (database) => {
      await database.schema.alterTable('conversations', (table) => {
        table.string('user_id', 200).notNullable().defaultTo('you')
        table.string('folder', 64)
        table.index(['user_id', 'id'])
      })
    },
    down: async (database) => {
      await database.schema.alterTable('conversations', (table) => {
        table.dropIndex(['user_id', 'id'])
        table.dropColumns('user_id', 'folder')
      })
    },
  },
  {
    name: '0006-chosen-titles',
    up: async (database) => {
      await database.schema.alterTable('conversations', (table) => {
        table.string('chosen_title', 200)
      })
    },
    down: async (database) => {
      await database.schema.alterTable('conversations', (table) => {
        table.dropColumn('chosen_title')
      })
    },
  },
  {
    name: '0007-spare-folders',
    up: async (database) => {
      await database.schema.createTable('spare_folders', (table) => {
        table.string('name', 64).primary()
        table.bigInteger('made_at').notNullable()
      })
    },
    down: async (database) => {
      await database.schema.dropTable('spare_folders')
    },
  },
  {
    name: '0008-send-keys',
    up: async (database) => {
      await database.schema.alterTable('messages', (table) => {
        table.string('send_key', 64)
        table.unique(['send_key'])
      })
    },
    down: async (database) => {
      await database.schema.alterTable('messages', (table) => {
        table.dropUnique(['send_key'])
        table.dropColumn('send_key')
      })
    },
  },
  {
    // What was asked again, in the same words or in others, and what followed it.
    name: '0009-replaced-messages',
    up: async (database) => {
      await database.schema.alterTable('messages', (table) => {
        table.integer('replaced_by')
        table.boolean('is_forgotten').notNullable().defaultTo(false)
        table.index(['conversation_id', 'replaced_by'])
      })
    },
    down: async (database) => {
      await database.schema.alterTable('messages', (table) => {
        table.dropIndex(['conversation_id', 'replaced_by'])
        table.dropColumns('replaced_by', 'is_forgotten')
      })
    },
  },
]

/** For Knex. */
export const migrationSource: Knex.MigrationSource<Migration> = {
  getMigrations: async () => [...steps],
  getMigrationName: ({ name }) => name,
  getMigration: async (migration) => migration,
}
