/**
 * A worker process for tests that kill it: runs the one turn that its argument names and prints the result.
 *
 *   node … worker.ts '{"url":…,"turnId":1,…}'
 */
import { createSessionStore } from '@turnstead/session'
import { createLibsqlKnex } from '@turnstead/session/libsql'
import { createClient } from '@turnstead/wire'
import { runTurn } from '../../src/index.js'

export interface WorkerTask {
  readonly url: string
  readonly username: string
  readonly password: string
  readonly directory: string
  readonly filename: string
  readonly conversationId: number
  readonly turnId: number
  readonly text: string
}

const task = JSON.parse(process.argv[2] ?? '{}') as WorkerTask
const knex = createLibsqlKnex({ filename: task.filename })
const client = createClient({
  baseUrl: task.url,
  username: task.username,
  password: task.password,
  directory: task.directory,
})
const result = await runTurn({
  client,
  store: createSessionStore({ knex }),
  conversationId: task.conversationId,
  turnId: task.turnId,
  prompt: { text: task.text },
  owner: 'worker-1',
  timing: { snapshotMs: 50 },
  onReply: (reply) => {
    reply.observe({ textDelta: () => process.stdout.write('delta\n') })
  },
  onError: (error, { step }) => process.stderr.write(`${step}: ${String(error)}\n`),
})
process.stdout.write(`${JSON.stringify({ status: result.status })}\n`)
await client.close()
await knex.destroy()
