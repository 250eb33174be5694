/**
 * A host that dies in its own tool: it notes each call that it executes, and ends itself by SIGKILL right after one of them,
 * before the answer.
 *
 *   node … host-process.ts '{"url":…,"filename":…}'
 */
import { appendFileSync } from 'node:fs'
import { createLibsqlKnex } from '@turnstead/session/libsql'
import { createClient } from '@turnstead/wire'
import { jsonSchema } from 'ai'
import {
  hostTool,
  type OpenCodeRunOutput,
  opencodeTask,
  openHostToolDoor,
} from '../../src/index.js'
import { taskRows } from '../../test/support/task-rows.js'

export interface KillJob {
  readonly url: string
  readonly username: string
  readonly password: string
  readonly directory: string
  readonly filename: string
  readonly scope: string
  /** Of the door of its host tools. */
  readonly secret: string
  readonly toolCallId: string
  readonly prompt: string
  /** Where executed calls are noted, a line each. */
  readonly notes: string
  /** Dies after this call; null: after none. */
  readonly diesAfter: number | null
}

const job = JSON.parse(process.argv[2] ?? '{}') as KillJob
const { url, username, password, directory } = job
const knex = createLibsqlKnex({ filename: job.filename })
const client = createClient({ baseUrl: url, username, password, directory })
// Before anything else: calls may wait in the socket.
const hostToolDoor = await openHostToolDoor({ fd: 3, secret: job.secret, reconnectMs: 500 })
const note = hostTool({
  inputSchema: jsonSchema<{ readonly number: number }>({
    type: 'object',
    properties: { number: { type: 'number' } },
    required: ['number'],
  }),
  execute({ number }, { callKey }) {
    appendFileSync(job.notes, `${callKey} ${number}\n`)
    if (number === job.diesAfter) process.kill(process.pid, 'SIGKILL')
    return 'noted'
  },
})
const task = opencodeTask({
  client,
  scope: job.scope,
  rows: taskRows(knex),
  hostTools: { note },
  hostToolDoor,
  turn: { owner: 'host-1', timing: { leaseMs: 1_500, snapshotMs: 200, pollMs: 500 } },
})
const outputs = task.execute?.(
  { prompt: job.prompt },
  { toolCallId: job.toolCallId, messages: [] },
) as AsyncGenerator<OpenCodeRunOutput>
let status = ''
for await (const output of outputs) status = output.status
process.stdout.write(`ended ${status}\n`)
await hostToolDoor.close()
await client.close()
await knex.destroy()
