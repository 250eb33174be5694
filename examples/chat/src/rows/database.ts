import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createLibsqlKnex } from '@turnstead/session/libsql'
import knex, { type Knex } from 'knex'
import { StartError } from '@turnstead-examples/start'
import { migrationSource } from './migrations.js'

export interface DatabaseOptions {
  /** What else is to be brought up to date, such as the tables of a queue. */
  readonly migrateMore?: (database: Knex) => Promise<void>
}

/** Opens `postgres://…`, or a SQLite file by its path or as `file:…`, and brings its tables up to date. */
export async function openDatabase(
  url: string,
  { migrateMore = async () => undefined }: DatabaseOptions = {},
): Promise<Knex> {
  let database: Knex | null = null
  try {
    database = await connect(url)
    const opened = database
    await oneAtATime(opened, async () => {
      // Whoever left it locked is dead: the living wait for us.
      await opened.migrate.forceFreeMigrationsLock({ migrationSource })
      await opened.migrate.latest({ migrationSource })
      await migrateMore(opened)
    })
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
    return knex({
      client: 'pg',
      connection: url,
      pool: { min: 0, max: 10 },
      // Whoever waits longer for a page has left.
      acquireConnectionTimeout: 10_000,
      // It warns of what it throws as well, with a stack.
      log: { warn: () => undefined },
    })
  }
  if (/^(?!file:)\w+:\/\//.test(url)) {
    throw new StartError('DATABASE_URL must be postgres://… or the path of a SQLite file.')
  }
  const filename = url.startsWith('file:') ? toPath(url) : url
  if (filename !== ':memory:') await mkdir(dirname(filename), { recursive: true })
  return createLibsqlKnex({ filename })
}

/** Processes that start together wait for each other, which Knex alone would refuse. */
async function oneAtATime(database: Knex, work: () => Promise<void>): Promise<void> {
  if (!isPostgresClient(database)) return await work()
  await database.transaction(async (lock) => {
    await lock.raw('select pg_advisory_xact_lock(?)', [migrationLock])
    await work()
  })
}

/** Any number that no one else takes. */
const migrationLock = 7_246_310_041

function isPostgresClient(database: Knex): boolean {
  return (database.client as { config: { client: unknown } }).config.client === 'pg'
}

function toPath(url: string): string {
  return url.startsWith('file://') ? fileURLToPath(url) : url.slice('file:'.length)
}
