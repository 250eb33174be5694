import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { createLibsqlKnex } from '@turnstead/session/libsql'
import { on, reply, startScriptedModel, type Step, text, tool } from '@turnstead/testkit'
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
  /** Calls that the agent saw fail: those in which a host died. */
  readonly failed: number
}

/** How many turns there are, in each of which the host dies once, and of how many calls. */
export interface Kills {
  readonly turns: number
  readonly stepsPerTurn: number
}

const callsPerStep = 4
const scope = 'chat-of-kills'

/** Calls on the real server; in each turn the host dies between doing and answering, and nothing waits for it. Null without a server. */
export async function killHosts({ turns, stepsPerTurn }: Kills): Promise<KillReport | null> {
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
  const supervisor = await startSupervisor()
  const secret = randomBytes(32).toString('hex')
  const callsPerTurn = stepsPerTurn * callsPerStep
  try {
    for (let turn = 0; turn < turns; turn += 1) {
      const prompt = `Turn ${turn} of the kills`
      model.answer(on(prompt, reply(...stepsOf(turn * callsPerTurn, callsPerTurn))))
      const access = { url, username, password, directory, filename, notes, scope, prompt, secret }
      const job = { ...access, toolCallId: `call-${turn}` }
      const middle = Math.floor(stepsPerTurn / 2) * callsPerStep
      const diesAfter = turn * callsPerTurn + middle + (turn % callsPerStep)
      const deaths = [
        await supervisor.run({ ...job, diesAfter }),
        await supervisor.run({ ...job, diesAfter: null }),
      ]
      if (deaths.join(' ') !== 'SIGKILL 0') throw new Error(`hosts ended by ${deaths.join(', ')}`)
    }
    return { ...(await reportOf(client, notes)), kills: turns }
  } finally {
    await supervisor.close()
    await client.close()
    await server.close()
    await model.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

function stepsOf(first: number, calls: number): Step[] {
  const name = `${serverNameOf(scope)}_note`
  const steps: Step[] = []
  for (let index = 0; index < calls; index += 1) {
    // What is said between them parts the calls of one step from those of the next.
    if (index % callsPerStep === 0) steps.push(text(`Step ${index}.`))
    steps.push(tool.call(name, { number: first + index }))
  }
  return steps
}

interface Supervisor {
  /** Runs a host until it ends; by which signal, or with which status. */
  run(job: KillJob): Promise<string>
  close(): Promise<void>
}

async function startSupervisor(): Promise<Supervisor> {
  const socket = createServer()
  socket.listen(0, '127.0.0.1')
  await once(socket, 'listening')
  const { fd } = (socket as unknown as { readonly _handle: { readonly fd: number } })._handle
  const file = fileURLToPath(new URL('supervisor.ts', import.meta.url))
  const child = spawn(process.execPath, ['--conditions=@turnstead/source', '--import=tsx', file], {
    stdio: ['pipe', 'pipe', 'inherit', fd],
  }) as ChildProcess
  await once(child, 'spawn')
  // From here on only the supervisor has it.
  socket.close()
  const { stdin, stdout } = child
  if (stdin === null || stdout === null) throw new Error('the supervisor has no pipes')
  const lines: Interface = createInterface({ input: stdout })
  return {
    async run(job) {
      const ended = new Promise<string>((resolve, reject) => {
        child.once('exit', () => reject(new Error('the supervisor ended')))
        lines.on('line', (line) => line.startsWith('exit ') && resolve(line.slice(5)))
      })
      stdin.write(`${JSON.stringify(job)}\n`)
      return await ended.finally(() => {
        lines.removeAllListeners('line')
        child.removeAllListeners('exit')
      })
    },
    async close() {
      if (child.exitCode !== null) return
      stdin.end()
      child.kill()
      await once(child, 'exit')
    },
  }
}

async function reportOf(
  client: ReturnType<typeof createClient>,
  notes: string,
): Promise<Omit<KillReport, 'kills'>> {
  const times = new Map<string, number>()
  for (const line of readFileSync(notes, 'utf8').split('\n').filter(Boolean)) {
    const [key = ''] = line.split(' ')
    times.set(key, (times.get(key) ?? 0) + 1)
  }
  let calls = 0
  let wrong = 0
  let failed = 0
  for (const { id } of await client.session.list()) {
    const messages = await client.session.messages(id)
    for (const part of messages.flatMap(({ parts }) => parts)) {
      if (part.type !== 'tool') continue
      calls += 1
      const executed = times.get(`${id}:${part.id}`) ?? 0
      if (part.state.status === 'error') failed += 1
      if (part.state.status === 'completed' && executed !== 1) wrong += 1
    }
  }
  const twice = [...times.values()].filter((count) => count > 1).length
  return { calls, executed: times.size, twice, wrong, failed }
}
