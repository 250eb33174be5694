/**
 * One worker process that ends, or stops, at one of its calls:
 *
 *   node … worker.ts '{"url":…,"at":7,"when":"before","signal":"SIGKILL",…}'
 *
 * It prints the name of the call where it did; nothing when the turn made fewer.
 */
import { writeSync } from 'node:fs'
import knexFactory from 'knex'
import { createSessionStore } from '@turnstead/session'
import { createLibsqlKnex } from '@turnstead/session/libsql'
import { createClient } from '@turnstead/wire'
import { runTurn } from '../src/index.js'
import { promptText } from './stage.js'
import { watchPorts } from './watched-ports.js'

/** What the worker is to do. */
export interface WorkerTask {
  readonly url: string
  readonly database: string
  readonly conversationId: number
  readonly turnId: number
  readonly at: number
  readonly when: 'before' | 'after'
  readonly signal: 'SIGKILL' | 'SIGSTOP'
  readonly leaseMs: number
}

const task = JSON.parse(process.argv[2] ?? '{}') as WorkerTask
const knex = openKnex(task.database)
const client = createClient({ baseUrl: task.url, reconnect: { firstDelayMs: 5, maxDelayMs: 20 } })
const store = createSessionStore({ knex })
const ports = watchPorts({ client, store }, ({ name, number, when }) => {
  if (number !== task.at || when !== task.when) return
  writeSync(1, `${name}\n`)
  process.kill(process.pid, task.signal)
})
const result = await runTurn({
  ...ports,
  conversationId: task.conversationId,
  turnId: task.turnId,
  prompt: { text: promptText },
  owner: 'worker-of-its-own',
  asks: () => ({ action: 'allow' }),
  timing: { leaseMs: task.leaseMs, pollMs: 40, graceMs: 120, snapshotMs: 20 },
  budgets: { requestMs: 1_000, stopMs: 2_000 },
}).catch((error: unknown) => ({ status: 'rejected', reason: String(error) }))
writeSync(1, `= ${JSON.stringify({ status: result.status })}\n`)
await client.close()
await knex.destroy()

function openKnex(url: string): ReturnType<typeof knexFactory> {
  if (url.startsWith('postgres')) return knexFactory({ client: 'pg', connection: url })
  if (url.startsWith('mysql')) return knexFactory({ client: 'mysql2', connection: url })
  return createLibsqlKnex({ filename: url.replace(/^file:/, '') })
}
