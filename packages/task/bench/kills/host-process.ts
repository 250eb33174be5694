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
import { hostTool, type OpenCodeRunOutput, opencodeTask } from '../../src/index.js'
import { taskRows } from '../../test/support/task-rows.js'

export interface KillJob {
  readonly url: string
  readonly username: string
  readonly password: string
  readonly directory: string
  readonly filename: string
  readonly scope: string
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
const { mcp } = client
const told: typeof mcp = {
  ...mcp,
  async add(server, options) {
    const answer = await mcp.add(server, options)
    process.stdout.write('told\n')
    return answer
  },
}
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
  client: { ...client, mcp: told },
  scope: job.scope,
  rows: taskRows(knex),
  hostTools: { note },
  turn: { owner: 'host-1', timing: { leaseMs: 1_500, snapshotMs: 200, pollMs: 500 } },
})
const outputs = task.execute?.(
  { prompt: job.prompt },
  { toolCallId: job.toolCallId, messages: [] },
) as AsyncGenerator<OpenCodeRunOutput>
let status = ''
for await (const output of outputs) status = output.status
process.stdout.write(`ended ${status}\n`)
await client.close()
await knex.destroy()
