import { createSessionStore, type KnexSessionStore } from '@turnstead/session'
import { createLibsqlKnex } from '@turnstead/session/libsql'
import { createPostgresNotifier, type OpenNotifier } from '@turnstead/session/postgres-notifier'
import { createRedisNotifier } from '@turnstead/session/redis-notifier'
import knexFactory, { type Knex } from 'knex'

export type { OpenNotifier }

/** Where a process finds the rows and the notices. */
export interface Address {
  readonly database: string
  /** Null where the rows alone are followed. */
  readonly notifier: string | null
}

/** The tables of one experiment. */
export interface Place {
  readonly conversations: string
  readonly messages: string
  readonly outbox: string
}

export function openStore(
  knex: Knex,
  { conversations, messages, outbox }: Place,
  notifier: OpenNotifier | null,
): KnexSessionStore {
  return createSessionStore({
    knex,
    conversations: { table: conversations },
    messages: { table: messages },
    outbox: { table: outbox },
    instance: globalThis.crypto.randomUUID(),
    statementMs: 5_000,
    createMs: 1_500,
    createPollMs: 20,
    ...(notifier === null ? {} : { notifier }),
  })
}

export function openKnex(url: string): Knex {
  const pool = { min: 0, max: 4 }
  if (url.startsWith('postgres')) return knexFactory({ client: 'pg', connection: url, pool })
  if (url.startsWith('mysql')) return knexFactory({ client: 'mysql2', connection: url, pool })
  return createLibsqlKnex({ filename: url.replace(/^(sqlite|file):(\/\/)?/, '') })
}

export function openNotifier(url: string | null): OpenNotifier | null {
  if (url === null) return null
  if (url.startsWith('redis')) return createRedisNotifier({ connection: url, prefix: 'chaos:' })
  return createPostgresNotifier({ connection: url })
}
