import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { conversationColumns, messageColumns } from '@turnstead/session'
import { historyMigration } from '@turnstead/session/history'
import { createLibsqlKnex } from '@turnstead/session/libsql'
import knex, { type Knex } from 'knex'
import { StartError } from '@turnstead-examples/start'

/** Opens `postgres://…`, or a SQLite file by its path or as `file:…`, and brings its tables up to date. */
export async function openDatabase(url: string): Promise<Knex> {
  let database: Knex | null = null
  try {
    database = await connect(url)
    await database.migrate.latest({ migrationSource })
    return database
  } catch (error) {
    await database?.destroy()
    if (error instanceof StartError) throw error
    const why = error instanceof Error ? error.message : String(error)
    throw new StartError(`The database of DATABASE_URL cannot be used: ${why}.`, { cause: error })
  }
}

async function connect(url: string): Promise<Knex> {
  if (/^postgres(?:ql)?:\/\//.test(url)) {
    // It warns of what it throws as well, with a stack.
    return knex({ client: 'pg', connection: url, log: { warn: () => undefined } })
  }
  if (/^(?!file:)\w+:\/\//.test(url)) {
    throw new StartError('DATABASE_URL must be postgres://… or the path of a SQLite file.')
  }
  const filename = url.startsWith('file:') ? toPath(url) : url
  if (filename !== ':memory:') await mkdir(dirname(filename), { recursive: true })
  return createLibsqlKnex({ filename })
}

/** The application's own chain. What a turn needs comes from `@turnstead/session`, as one step of it. */
const migrations: readonly Migration[] = [
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
]

interface Migration extends Knex.Migration {
  readonly name: string
}

const migrationSource: Knex.MigrationSource<Migration> = {
  getMigrations: async () => [...migrations],
  getMigrationName: ({ name }) => name,
  getMigration: async (migration) => migration,
}

function toPath(url: string): string {
  return url.startsWith('file://') ? fileURLToPath(url) : url.slice('file:'.length)
}
