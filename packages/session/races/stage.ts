import { type DatabaseName, databases, type OpenDatabase } from '@turnstead-internal/databases'
import knexFactory, { type Knex } from 'knex'
import { fileURLToPath } from 'node:url'
import { createSessionStore, turnMigration } from '../src/index.js'
import type { SessionStore, SweepReport, SweepUpstream } from '../src/index.js'
import { createLibsqlKnex } from '../src/libsql.js'
import { startSessionServer, type SessionServer, upstreamAt } from './upstream.js'

/** What every store here is made with; sessions are known to be ours by the prefix. */
export const storeOptions = {
  keyPrefix: 'races.',
  createMs: 2_000,
  createPollMs: 20,
  statementMs: 30_000,
}

/** So much later every lease of now has expired. */
export const muchLaterMs = 3_600_000

/** Rows in one real database, and the server of their sessions. */
export interface Stage {
  readonly name: DatabaseName
  readonly database: OpenDatabase
  readonly server: SessionServer
  /** The parent's store, and the same when everything that a dead worker left has expired, the successor's leases, too. */
  readonly store: SessionStore
  readonly later: SessionStore
  readonly upstream: ReturnType<typeof upstreamAt>
  /** Adds a conversation with pending turns, and gives the first of them. */
  add(turns?: number): Promise<{ readonly conversationId: number; readonly turnId: number }>
  close(): Promise<void>
}

/** A sentence instead of a stage: why this database cannot be had. */
export async function openStage(name: DatabaseName): Promise<Stage | string> {
  const kind = databases.find((one) => one.name === name)
  if (kind === undefined) throw new Error(`no database named ${name}`)
  if (kind.skip !== null) return kind.skip
  const database = await kind.open()
  const { knex } = database
  await knex.schema.createTable('conversations', (table) => void table.increments('id'))
  await knex.schema.createTable('messages', (table) => {
    table.increments('id')
    table.integer('conversation_id').unsigned().notNullable().index()
  })
  await turnMigration().up(knex)
  const server = await startSessionServer()
  let conversations = 0
  let messages = 0
  return {
    name,
    database,
    server,
    store: createSessionStore({ ...storeOptions, knex, instance: 'parent' }),
    later: createSessionStore({
      ...storeOptions,
      knex,
      instance: 'later',
      clock: shiftedClock(2 * muchLaterMs),
    }),
    upstream: upstreamAt(server.url),
    async add(turns = 1) {
      conversations += 1
      const conversationId = conversations
      const turnId = messages + 1
      const ids = Array.from({ length: turns }, (_, index) => turnId + index)
      messages += turns
      await knex('conversations').insert({ id: conversationId })
      for (const id of ids) {
        await knex('messages').insert({
          id,
          conversation_id: conversationId,
          turn_status: 'pending',
        })
      }
      return { conversationId, turnId }
    },
    async close() {
      await server.close()
      await database.close()
    },
  }
}

/** A database as a process of its own opens it. */
export function openKnex(url: string): Knex {
  if (url.startsWith('file:')) return createLibsqlKnex({ filename: fileURLToPath(url) })
  const client = url.startsWith('mysql:') ? 'mysql2' : 'pg'
  return knexFactory({ client, connection: url, pool: { min: 0, max: 4 } })
}

export function shiftedClock(shiftMs: number): {
  now: () => number
  sleep: (ms: number) => Promise<void>
} {
  return {
    now: () => Date.now() + shiftMs,
    sleep: (ms) => new Promise((resolve) => void setTimeout(resolve, ms)),
  }
}

/** Sweeps until there is no more. */
export async function sweepAll(store: SessionStore, upstream: SweepUpstream): Promise<SweepReport> {
  const options = {
    upstream,
    limit: 10_000,
    pendingOlderThanMs: 1,
    unclosedOlderThanMs: 1,
    sessionsAfter: null,
  }
  await store.sweep(options)
  // What the first one saw pending is old by the second.
  await new Promise((resolve) => void setTimeout(resolve, 5))
  return await store.sweep(options)
}
