import { fileURLToPath } from 'node:url'
import knex, { type Knex } from 'knex'
import { createSessionStore } from '../../src/index.js'
import type { RowId, SessionUpstream } from '../../src/index.js'
import { createLibsqlKnex } from '../../src/libsql.js'

/**
 * A worker in a process of its own, for races that one process cannot show. It does what its parent tells it, and asks its parent
 * for everything upstream, so that the parent can kill it at any step.
 */
export type Command =
  | { readonly verb: 'ensure'; readonly conversationId: RowId }
  | { readonly verb: 'claim'; readonly turns: readonly Turn[]; readonly owner: string }
  | { readonly verb: 'count'; readonly times: number }

export interface Turn {
  readonly conversationId: RowId
  readonly turnId: RowId
}

export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly result: unknown }
  | { readonly kind: 'failed'; readonly message: string }
  | {
      readonly kind: 'upstream'
      readonly call: number
      readonly method: string
      readonly argument: unknown
    }

export type ToWorker =
  | { readonly kind: 'command'; readonly command: Command }
  | { readonly kind: 'answer'; readonly call: number; readonly value: unknown }

const url = process.env['WORKER_DATABASE_URL'] ?? ''
const database = connect(url)
const store = createSessionStore({ knex: database, createPollMs: 5 })
const answers = new Map<number, (value: never) => void>()
let calls = 0

const upstream: SessionUpstream = {
  create: (request) => ask('create', request),
  delete: (sessionId) => ask('delete', sessionId),
  abort: (sessionId) => ask('abort', sessionId),
  find: (key) => ask('find', key),
}

process.on('message', (message: ToWorker) => {
  if (message.kind === 'answer') {
    answers.get(message.call)?.(message.value as never)
    return
  }
  run(message.command).then(
    (result) => send({ kind: 'done', result }),
    (error: unknown) => send({ kind: 'failed', message: String(error) }),
  )
})
process.on('disconnect', () => process.exit())
await database.raw('select 1')
send({ kind: 'ready' })

async function run(command: Command): Promise<unknown> {
  switch (command.verb) {
    case 'ensure':
      return store.ensureSession(command.conversationId, upstream)
    case 'claim': {
      const claimed: RowId[] = []
      for (const turn of command.turns) {
        const result = await store.claim({ ...turn, owner: command.owner, leaseMs: 60_000 })
        if (result.claimed) claimed.push(turn.turnId)
      }
      return claimed
    }
    case 'count':
      for (let n = 0; n < command.times; n += 1) await increment(database)
      return command.times
  }
}

/** Reads and then writes, which is safe only when the transaction locks before it reads. */
function increment(knexOrTransaction: Knex): Promise<void> {
  return knexOrTransaction.transaction(async (transaction) => {
    const row = await transaction('conversations').first('turn_fence')
    await transaction('conversations').update({ turn_fence: row.turn_fence + 1 })
  })
}

function ask<Answer>(method: string, argument: unknown): Promise<Answer> {
  calls += 1
  const call = calls
  return new Promise<Answer>((resolve) => {
    answers.set(call, resolve as (value: never) => void)
    send({ kind: 'upstream', call, method, argument })
  })
}

function send(message: FromWorker): void {
  process.send?.(message)
}

function connect(address: string): Knex {
  if (address.startsWith('file:')) return createLibsqlKnex({ filename: fileURLToPath(address) })
  const client = address.startsWith('mysql:') ? 'mysql2' : 'pg'
  return knex({ client, connection: address, pool: { min: 0, max: 2 } })
}
