/**
 * A host for tests that kill it: goes on with a chat whose one tool call was approved, prints what it sees of the agent, and the last output.
 *
 *   node … host.ts '{"url":…,"filename":…}'
 */
import { createLibsqlKnex } from '@turnstead/session/libsql'
import { createClient } from '@turnstead/wire'
import { stepCountIs, streamText } from 'ai'
import { MockLanguageModelV3 } from 'ai/test'
import { isRunOutput, opencodeTask } from '../../src/index.js'
import { scripted } from './outer-model.js'
import { taskRows } from './task-rows.js'

export interface HostJob {
  readonly url: string
  readonly username?: string
  readonly password?: string | null
  readonly directory?: string
  readonly filename: string
  readonly toolCallId: string
  readonly prompt: string
}

const job = JSON.parse(process.argv[2] ?? '{}') as HostJob
const { url, filename, toolCallId, prompt, ...access } = job
const knex = createLibsqlKnex({ filename })
const client = createClient({ baseUrl: url, ...access })
const outer = scripted('v3', ['Done.'], (options) => new MockLanguageModelV3(options as never))
const code = opencodeTask({
  client,
  rows: taskRows(knex),
  needsApproval: true,
  intervalMs: 20,
  turn: { owner: 'host-1', timing: { leaseMs: 1_500, snapshotMs: 20, pollMs: 100 } },
})
const call = { type: 'tool-call', toolCallId, toolName: 'code', input: { prompt } } as const
const request = { type: 'tool-approval-request', approvalId: 'approval-1', toolCallId } as const
const approval = {
  type: 'tool-approval-response',
  approvalId: 'approval-1',
  approved: true,
} as const
const result = streamText({
  model: outer.model,
  tools: { code },
  stopWhen: stepCountIs(2),
  messages: [
    { role: 'user', content: 'Please' },
    { role: 'assistant', content: [call, request] },
    { role: 'tool', content: [approval] },
  ],
})
for await (const part of result.fullStream) {
  if (part.type !== 'tool-result' || !isRunOutput(part.output)) continue
  if (JSON.stringify(part.output).includes('First half')) process.stdout.write('half\n')
  if (part.output.status === 'working') process.stdout.write('working\n')
  if (part.preliminary !== true) process.stdout.write(`${JSON.stringify(part.output)}\n`)
}
process.stdout.write(`${JSON.stringify({ text: await result.text })}\n`)
await client.close()
await knex.destroy()
