import { fork } from 'node:child_process'
import { once } from 'node:events'
import { compiled } from '@turnstead-internal/compiled'
import type { Action } from './actions.js'
import { muchLaterMs, type Stage } from './stage.js'
import type { Order, Report, WorkerTask } from './worker.js'

/** A worker process as its parent holds it. */
export interface Worker {
  readonly name: string
  /** Runs a verb; rejects with the verb's error, or when the worker is gone. */
  run(action: Action): Promise<unknown>
  /** Runs a verb that the worker does not survive. */
  runToDeath(action: Action, killAt: number): Promise<'dead' | 'survived'>
  kill(): Promise<void>
}

/** Who takes part in a race. */
export interface Crew {
  readonly holder: Worker
  readonly stopper: Worker
  readonly answerer: Worker
  readonly bystander: Worker
  /** Its clock is ahead of all leases. */
  readonly successor: Worker
}

let workers = 0

export async function startCrew(stage: Stage): Promise<Crew> {
  const [holder, stopper, answerer, bystander, successor] = await Promise.all([
    startWorker(stage),
    startWorker(stage),
    startWorker(stage),
    startWorker(stage),
    startWorker(stage, muchLaterMs),
  ])
  return { holder, stopper, answerer, bystander, successor }
}

export async function startWorker(stage: Stage, shiftMs = 0): Promise<Worker> {
  workers += 1
  const name = `worker-${workers}`
  const task: WorkerTask = {
    database: stage.database.url,
    upstream: stage.server.url,
    shiftMs,
    name,
  }
  const script = await compiled(new URL('worker.ts', import.meta.url))
  const child = fork(script, [JSON.stringify(task)], { execArgv: [] })
  const waiting = new Map<number, (report: Report | null) => void>()
  const gone = once(child, 'exit').then(() => {
    for (const resolve of waiting.values()) resolve(null)
    waiting.clear()
  })
  const reportOf = (number: number): Promise<Report | null> =>
    new Promise((resolve) => void waiting.set(number, resolve))
  child.on('message', (report: Report) => {
    waiting.get(report.number)?.(report)
    waiting.delete(report.number)
  })
  let orders = 0
  const order = async (action: Action, killAt?: number): Promise<Report | null> => {
    orders += 1
    const message: Order = { number: orders, action, ...(killAt === undefined ? {} : { killAt }) }
    const reported = reportOf(orders)
    if (child.connected) child.send(message)
    else return null
    return reported
  }
  if ((await reportOf(0)) === null) throw new Error(`${name} did not start`)
  return {
    name,
    async run(action) {
      const report = await order(action)
      if (report === null) throw new Error(`${name} is gone`)
      if ('error' in report) throw new Error(report.error)
      return report.result
    },
    async runToDeath(action, killAt) {
      const report = await order(action, killAt)
      if (report !== null && 'error' in report) throw new Error(report.error)
      return report === null ? 'dead' : 'survived'
    },
    async kill() {
      child.kill('SIGKILL')
      await gone
    },
  }
}
