import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { createLibsqlKnex } from '@turnstead/session/libsql'
import { gate, on, reply, startScriptedModel, type Step, text, tool } from '@turnstead/testkit'
import { findOpencodeBinary, startOpencode } from '@turnstead/testkit/opencode'
import { createClient } from '@turnstead/wire'
import { serverNameOf } from '../../src/host-tools/offer.js'
import { createTaskTables } from '../../test/support/task-rows.js'
import type { KillJob } from './host-process.js'

/** What became of the calls of host tools while the host was killed again and again. */
export interface KillReport {
  /** Calls that the agent made. */
  readonly calls: number
  readonly kills: number
  /** Calls that were executed, and those that were more than once. */
  readonly executed: number
  readonly twice: number
  /** Calls that the agent saw succeed and that were not executed once. */
  readonly wrong: number
}

const turns = 10
const stepsPerTurn = 25
const callsPerStep = 4
const callsPerTurn = stepsPerTurn * callsPerStep
const scope = 'chat-of-kills'

/** A thousand calls on the real server; in each turn the host dies between doing and answering. Null without a server. */
export async function killHosts(): Promise<KillReport | null> {
  if (findOpencodeBinary() === null) return null
  const folder = mkdtempSync(join(tmpdir(), 'turnstead-kills-'))
  const filename = join(folder, 'rows.sqlite')
  const notes = join(folder, 'notes.txt')
  writeFileSync(notes, '')
  const knex = createLibsqlKnex({ filename })
  await createTaskTables(knex)
  await knex.destroy()
  const model = await startScriptedModel([])
  const server = await startOpencode({ model, snapshot: false })
  const { url, username, password, directory } = server
  const client = createClient({ baseUrl: url, username, password, directory })
  try {
    for (let turn = 0; turn < turns; turn += 1) {
      const prompt = `Turn ${turn} of the kills`
      model.answer(on(prompt, reply(...stepsOf(turn))))
      const access = { url, username, password, directory, filename, notes, scope, prompt }
      const job = { ...access, toolCallId: `call-${turn}` }
      await runHost({ ...job, diesAfter: dyingCall(turn) }, () => undefined)
      // The agent goes on when the next host has told the server of its tools.
      await runHost({ ...job, diesAfter: null }, () => model.gate(`turn-${turn}`).open())
    }
    return await reportOf(client, notes)
  } finally {
    await client.close()
    await server.close()
    await model.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

const dyingCall = (turn: number): number => turn * callsPerTurn + 10 * callsPerStep + (turn % 4)

function stepsOf(turn: number): Step[] {
  const name = `${serverNameOf(scope)}_note`
  const steps: Step[] = []
  for (let index = 0; index < callsPerTurn; index += 1) {
    if (index === 11 * callsPerStep) steps.push(gate(`turn-${turn}`))
    // What is said between them parts the calls of one step from those of the next.
    if (index % callsPerStep === 0) steps.push(text(`Step ${index}.`))
    steps.push(tool.call(name, { number: turn * callsPerTurn + index }))
  }
  return steps
}

async function runHost(job: KillJob, onTold: () => void): Promise<void> {
  const file = fileURLToPath(new URL('host-process.ts', import.meta.url))
  const child = spawn(
    process.execPath,
    ['--conditions=@turnstead/source', '--import=tsx', file, JSON.stringify(job)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line === 'told') onTold()
  })
  await once(child, 'exit')
}

async function reportOf(
  client: ReturnType<typeof createClient>,
  notes: string,
): Promise<KillReport> {
  const times = new Map<string, number>()
  for (const line of readFileSync(notes, 'utf8').split('\n').filter(Boolean)) {
    const [key = ''] = line.split(' ')
    times.set(key, (times.get(key) ?? 0) + 1)
  }
  let calls = 0
  let wrong = 0
  for (const { id } of await client.session.list()) {
    const messages = await client.session.messages(id)
    for (const part of messages.flatMap(({ parts }) => parts)) {
      if (part.type !== 'tool') continue
      calls += 1
      const executed = times.get(`${id}:${part.id}`) ?? 0
      if (part.state.status === 'completed' && executed !== 1) wrong += 1
    }
  }
  const twice = [...times.values()].filter((count) => count > 1).length
  return { calls, kills: turns, executed: times.size, twice, wrong }
}
