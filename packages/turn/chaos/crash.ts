import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Tally } from './figures.js'
import { type Allowed, verdictOf } from './verdict.js'
import { type Ground, openStage, runAsJob, type Stage } from './stage.js'
import type { WorkerTask } from './worker.js'

const leaseMs = 500
const completed: Allowed = new Set(['completed'])

type Death = Pick<WorkerTask, 'signal'> & {
  readonly name: string
  /** Another worker takes the turn over while the process is stopped. */
  readonly isTakenOver: boolean
}

const deaths: readonly Death[] = [
  { name: 'SIGKILL', signal: 'SIGKILL', isTakenOver: false },
  { name: 'SIGSTOP past the lease', signal: 'SIGSTOP', isTakenOver: false },
  { name: 'SIGSTOP, taken over', signal: 'SIGSTOP', isTakenOver: true },
]

/** A real worker process that dies, or stops for longer than its lease, at every call of a turn. */
export async function runCrashes(ground: Ground, tally: Tally, everyNth: number): Promise<void> {
  for (const death of deaths) {
    for (const when of ['before', 'after'] as const) {
      for (let at = 1; ; at += everyNth) {
        const stage = await openStage(ground)
        const name = await crashAt(stage, death, { when, at })
        if (name !== null) {
          const last = await runAsJob(stage, { owner: 'the next worker' })
          const where = `${ground.name}: ${death.name} ${when} ${name}`
          tally.add(where, await verdictOf(stage, last, completed))
        }
        await stage.close()
        if (name === null) break
      }
    }
  }
}

/** Where it died; null when the turn makes fewer calls. */
async function crashAt(
  stage: Stage,
  { signal, isTakenOver }: Death,
  { when, at }: Pick<WorkerTask, 'when' | 'at'>,
): Promise<string | null> {
  const { conversationId, turnId, impostor, ground } = stage
  const database = ground.database.url
  const task: WorkerTask = {
    url: impostor.url,
    database,
    conversationId,
    turnId,
    at,
    when,
    signal,
    leaseMs,
  }
  const child = spawn(
    process.execPath,
    [
      '--conditions=@turnstead/source',
      '--import=tsx',
      fileURLToPath(new URL('worker.ts', import.meta.url)),
      JSON.stringify(task),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const gone = once(child, 'exit')
  const [line] = (await Promise.race([
    once(createInterface(child.stdout), 'line'),
    gone.then(() => ['= gone']),
  ])) as [string]
  if (!line.startsWith('=') && signal === 'SIGSTOP') {
    await new Promise((resolve) => setTimeout(resolve, 2 * leaseMs))
    const other = isTakenOver ? runAsJob(stage, { owner: 'the next worker' }) : null
    await new Promise((resolve) => setTimeout(resolve, 100))
    child.kill('SIGCONT')
    await other
  }
  await gone
  return line.startsWith('=') ? null : line
}
