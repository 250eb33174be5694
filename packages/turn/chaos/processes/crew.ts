import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { bundleProcesses } from './bundle.js'
import type { WebReport, WebTask } from './web.js'
import type { WorkerResult, WorkerTask } from './worker.js'

/** A line of a process. */
interface Line {
  readonly number: number
  readonly type: 'ready' | 'reached' | 'done' | 'failed'
  readonly error?: string
  readonly result?: unknown
}

/** A process of its own that does what it is told. */
export interface Hand<Task, Result> {
  /** Null when it dies meanwhile. `onReached` is told when it is at the call at which it ends or stops itself. */
  run(task: Task, onReached?: () => void): Promise<Result | null>
  signal(signal: NodeJS.Signals): void
  /** Resolves when it is gone. */
  readonly gone: Promise<unknown>
  readonly isGone: boolean
}

/** The processes of all experiments. They are kept as long as they live, since a start takes a second. */
export interface Crew {
  /** A worker for one experiment; `give` gives it back. */
  take(): Promise<Hand<WorkerTask, WorkerResult>>
  give(worker: Hand<WorkerTask, WorkerResult>): void
  /** Where people watch. */
  readonly web: Hand<WebTask, WebReport>
  /** Another one. */
  startWeb(): Promise<Hand<WebTask, WebReport>>
  close(): Promise<void>
}

export async function startCrew(spares: number): Promise<Crew> {
  const idle: Promise<Hand<WorkerTask, WorkerResult>>[] = []
  const all: { readonly signal: (signal: NodeJS.Signals) => void; gone: Promise<unknown> }[] = []
  const bundle = await bundleProcesses()
  const start = async <Task, Result>(
    script: 'worker' | 'web',
    mustStay = false,
  ): Promise<Hand<Task, Result>> => {
    const hand = startHand<Task, Result>(bundle.pathOf(script), mustStay)
    all.push(hand)
    await hand.ready
    return hand
  }
  // Also where this one is ended in the middle: a process that is stopped does not hear of it.
  process.once('exit', () => {
    for (const hand of all) hand.signal('SIGKILL')
  })
  const startWorker = (): Promise<Hand<WorkerTask, WorkerResult>> => start('worker')
  for (let count = 0; count < spares; count += 1) idle.push(startWorker())
  const web = await start<WebTask, WebReport>('web', true)
  return {
    take: () => idle.shift() ?? startWorker(),
    give(worker) {
      idle.push(worker.isGone ? startWorker() : Promise.resolve(worker))
    },
    web,
    startWeb: () => start('web'),
    async close() {
      for (const hand of all) hand.signal('SIGKILL')
      await Promise.all(all.map(({ gone }) => gone))
    },
  }
}

function startHand<Task, Result>(
  script: string,
  mustStay: boolean,
): Hand<Task, Result> & { readonly ready: Promise<unknown> } {
  const child = spawn(process.execPath, [script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  // Its end is heard by `gone`; that it takes no more lines then is no news.
  child.stdin.on('error', () => undefined)
  const waiting = new Map<number, (line: Line | null) => void>()
  let orders = 0
  let isGone = false
  const gone = once(child, 'close').then(() => {
    isGone = true
    for (const answer of waiting.values()) answer(null)
  })
  const heard = (number: number, isLast: (line: Line) => boolean): Promise<Line | null> =>
    new Promise((resolve) => {
      waiting.set(number, (line) => {
        if (line !== null && !isLast(line)) return
        waiting.delete(number)
        resolve(line)
      })
    })
  createInterface(child.stdout).on('line', (text) => {
    // Knex writes there too.
    if (!text.startsWith('{"number"')) return
    const line = JSON.parse(text) as Line
    waiting.get(line.number)?.(line)
  })
  return {
    ready: heard(0, () => true),
    gone,
    get isGone() {
      return isGone
    },
    signal: (signal) => void child.kill(signal),
    async run(task, onReached) {
      if (isGone && mustStay) throw new Error(`${script} ended by itself`)
      if (isGone) return null
      orders += 1
      const answered = heard(orders, ({ type }) => {
        if (type === 'reached') onReached?.()
        return type !== 'reached'
      })
      child.stdin.write(`${JSON.stringify({ number: orders, task })}\n`)
      const line = await answered
      // A worker is killed on purpose; a process that is to stay tells of nothing more.
      if (line === null && mustStay) throw new Error(`${script} ended by itself`)
      if (line?.type === 'failed') throw new Error(line.error)
      return (line?.result ?? null) as Result | null
    },
  }
}
